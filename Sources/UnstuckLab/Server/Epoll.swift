import CLinuxUAPI
import Glibc
import UnstuckKernel

/// epoll(7), level-triggered.
@safe struct Epoll: ~Copyable {  // the buffer holds numbers only: data is always set by its fd
    struct Interest: OptionSet, Sendable {
        let rawValue: UInt32
        static let read = Interest(rawValue: EPOLLIN.rawValue)
        static let write = Interest(rawValue: EPOLLOUT.rawValue)
        /// Reported whether asked for or not.
        static let broken = Interest(rawValue: EPOLLERR.rawValue | EPOLLHUP.rawValue)
    }

    private let descriptor: OwnedDescriptor
    private var buffer = unsafe [epoll_event](repeating: epoll_event(), count: 128)

    init() throws(SystemError) {
        descriptor = OwnedDescriptor(
            owning: try syscall("epoll_create1", on: "loop") { epoll_create1(Int32(EPOLL_CLOEXEC)) })
    }

    func add(_ fd: Int32, _ interest: Interest) throws(SystemError) { try change(EPOLL_CTL_ADD, fd, interest) }
    func modify(_ fd: Int32, _ interest: Interest) throws(SystemError) { try change(EPOLL_CTL_MOD, fd, interest) }
    func remove(_ fd: Int32) throws(SystemError) { try change(EPOLL_CTL_DEL, fd, []) }

    /// - Parameter timeout: milliseconds; -1 waits for ever.
    mutating func wait(timeout: Int32) throws(SystemError) -> [(fd: Int32, ready: Interest)] {
        let epoll = descriptor.raw
        let count = try syscall("epoll_wait", on: "loop") {
            unsafe epoll_wait(epoll, &buffer, Int32(buffer.count), timeout)
        }
        return unsafe buffer[..<Int(count)].map { unsafe ($0.data.fd, Interest(rawValue: $0.events)) }
    }

    private func change(_ operation: Int32, _ fd: Int32, _ interest: Interest) throws(SystemError) {
        let epoll = descriptor.raw
        try syscall("epoll_ctl", on: "descriptor \(fd)") {
            linux_epoll_change(epoll, operation, fd, interest.rawValue)
        }
    }
}
