import Glibc

/// A NULL-terminated array of C strings, as exec(3) and posix_spawn(3) want their arguments.
@safe
public final class CStringList {  // both levels are allocated here and freed once, in deinit
    @unsafe public let pointer: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    public init(_ strings: [String]) {
        count = strings.count
        unsafe pointer = UnsafeMutablePointer.allocate(capacity: count + 1)
        for (index, string) in strings.enumerated() { unsafe pointer[index] = unsafe strdup(string) }
        unsafe pointer[count] = nil
    }

    deinit {
        for index in 0..<count { unsafe free(pointer[index]) }
        unsafe pointer.deallocate()
    }
}
