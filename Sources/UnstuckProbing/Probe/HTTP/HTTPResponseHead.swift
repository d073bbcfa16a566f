/// Status line and headers of a response.
public struct HTTPResponseHead: Hashable, Sendable {
    /// "HTTP/1.1"
    public var version: String
    public var status: Int
    public var headers: [HTTPHeader]

    /// The first value of a header, by name in any case.
    public func value(of name: String) -> String? { headers.first { $0.isNamed(name) }?.value }

    func values(of name: String) -> [String] { headers.filter { $0.isNamed(name) }.map(\.value) }

    /// RFC 9112, 6.3: these never have one, whatever their headers say.
    var hasNoBody: Bool { status == 204 || status == 304 || (100..<200).contains(status) }

    /// Steps on the way to the real response. 101 is one itself: nothing follows it in HTTP.
    var isInterim: Bool { (100..<200).contains(status) && status != 101 }
}
