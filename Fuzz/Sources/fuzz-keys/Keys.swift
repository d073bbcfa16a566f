import FuzzSupport
import UnstuckModel

/// Any bytes as a key of every declared layout: what decodes must encode to a key that decodes to the same.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzKeys(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = unsafe input(start, count)
    for layout in KeyLayout.declared {
        // The layout's own size, so that every input says something about every layout.
        var key = Array(bytes.prefix(layout.size))
        key += Array(repeating: 0, count: layout.size - key.count)
        _ = layout.cookie(SockmapKey(key))
        guard let claim = layout.decode(key) else { continue }
        require(layout.claims(naming: claim).contains(claim), "\(layout.name) claims what it cannot name: \(claim)")
        let encodings = layout.encodings(of: claim)
        require(encodings.isEmpty || layout.encode(claim) == encodings[0], "\(layout.name): two first encodings")
        for other in encodings { require(layout.decode(other) == claim, "\(layout.name): \(claim) is not \(other)") }
        // An IPv4 connection may also be inserted as IPv6 with mapped addresses, by a layout that has room and a family for
        // both: it is the same claim, and its key is not the one that is made of it.
        let isMapped = layout.carriesV6 && (claim.local.address.isV4 || claim.remote.address.isV4)
        if layout.encode(claim) != nil, !isMapped {
            require(
                encodings.contains(key),
                "\(layout.name): \(SockmapKey(key)) decodes to \(claim) and back to another key")
        }
    }
    // Any length, for all: none fits but by its size.
    for layout in KeyLayout.declared where bytes.count != layout.size {
        require(layout.decode(bytes) == nil, "\(layout.name) takes \(bytes.count) bytes")
    }
    if bytes.count <= SockmapKey.longest {
        let key = SockmapKey(bytes)
        require(key.bytes == bytes && SockmapKey(hex: key.description) == key, "a key's hex is another key's")
        let reading = KeyReading([key, key])
        require(reading.layout == nil || reading.layout?.size == bytes.count, "a layout of another size")
    }
    _ = SockmapKey(hex: String(decoding: bytes, as: UTF8.self))
    return 0
}
