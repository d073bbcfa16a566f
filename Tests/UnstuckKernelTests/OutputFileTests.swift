import Foundation
import Glibc
import TestSupport
import Testing
import UnstuckKernel

/// Files that people name for results: what is there stays what it is.
@Suite("Output files", .requires(.native))
final class OutputFileTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "unstuck-output-\(UUID().uuidString)")
        .path

    init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private func path(_ name: String) -> String { "\(folder)/\(name)" }

    private func kind(_ path: String) -> mode_t {
        var status = stat()
        return unsafe lstat(path, &status) == 0 ? status.st_mode & S_IFMT : 0
    }

    private func failure(_ path: String) -> String? {
        do {
            try OutputFile.write("new", to: path)
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// Nothing but what was named: no file that was written aside.
    private func expectNames(_ names: String..., sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(Set(directoryNames(folder)) == Set(names), sourceLocation: sourceLocation)
    }

    @Test func aNewFileIsItsOwnersAlone() throws {
        try OutputFile.write("new", to: path("a"))
        #expect(readText(path("a")) == "new")
        var status = stat()
        #expect(unsafe stat(path("a"), &status) == 0 && status.st_mode & 0o777 == 0o600)
        expectNames("a")
    }

    @Test func aRegularFileIsReplacedInOneStep() throws {
        try "old".write(toFile: path("a"), atomically: false, encoding: .utf8)
        let before = try OwnedDescriptor(path: path("a"))
        try OutputFile.write("new", to: path("a"))
        #expect(readText(path("a")) == "new")
        // A reader of the old one reads all of it.
        #expect(String(decoding: try before.readAll(), as: UTF8.self) == "old")
        expectNames("a")
    }

    @Test func devicesAreWrittenTo() throws {
        try OutputFile.write("new", to: "/dev/null")
        #expect(kind("/dev/null") == S_IFCHR)
        // A full one of our own, should it be replaced after all.
        #expect(unsafe mknod(path("full"), S_IFCHR | 0o666, 1 << 8 | 7) == 0)
        #expect(failure(path("full")) == "cannot write \(path("full")): No space left on device")
        #expect(kind(path("full")) == S_IFCHR)
        expectNames("full")
    }

    @Test func aPipeIsWrittenTo() throws {
        #expect(unsafe mkfifo(path("fifo"), 0o600) == 0)
        let reader = try OwnedDescriptor(path: path("fifo"), flags: O_RDWR)
        try OutputFile.write("new", to: path("fifo"))
        var bytes = [UInt8](repeating: 0, count: 3)
        #expect(unsafe read(reader.raw, &bytes, 3) == 3)
        #expect(String(decoding: bytes, as: UTF8.self) == "new")
        #expect(kind(path("fifo")) == S_IFIFO)
    }

    @Test func aLinkIsFollowedAndStays() throws {
        try FileManager.default.createDirectory(atPath: path("there"), withIntermediateDirectories: false)
        try "old".write(toFile: path("there/a"), atomically: false, encoding: .utf8)
        #expect(unsafe symlink("there/a", path("near")) == 0)
        #expect(unsafe symlink(path("near"), path("far")) == 0)
        try OutputFile.write("new", to: path("far"))
        #expect(readText(path("there/a")) == "new")
        #expect(kind(path("there/a")) == S_IFREG)
        #expect(kind(path("near")) == S_IFLNK && kind(path("far")) == S_IFLNK)
        #expect(directoryNames(path("there")) == ["a"])
        // One that leads nowhere yet, and one to a device.
        #expect(unsafe symlink("there/b", path("dangling")) == 0)
        try OutputFile.write("new", to: path("dangling"))
        #expect(readText(path("there/b")) == "new")
        #expect(unsafe symlink("/dev/null", path("null")) == 0)
        try OutputFile.write("new", to: path("null"))
        #expect(kind(path("null")) == S_IFLNK && kind("/dev/null") == S_IFCHR)
    }

    @Test func linksInACircleAreRefused() throws {
        #expect(unsafe symlink("b", path("a")) == 0 && symlink("a", path("b")) == 0)
        #expect(failure(path("a")) == "cannot write \(path("a")): Too many levels of symbolic links")
    }

    @Test func foldersAndSocketsAreRefused() throws {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let name = path("socket")
        try #require(name.utf8.count < 108)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: name.utf8) }
        let code = unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(code == 0)
        #expect(failure(name) == "cannot write \(name): it is a socket")
        #expect(kind(name) == S_IFSOCK)
        #expect(failure(folder) == "cannot write \(folder): it is a folder")
        #expect(failure(folder + "/") == "cannot write \(folder)/: Is a directory")
        #expect(failure("") == "cannot write : No such file or directory")
        #expect(failure(path("none/a")) == "cannot write \(path("none/a")): No such file or directory")
    }

    /// What is on a disk belongs to nobody's JSON.
    @Test func disksAreRefused() throws {
        // No loop device of that number is set up.
        #expect(unsafe mknod(path("disk"), S_IFBLK | 0o600, 7 << 8 | 200) == 0)
        #expect(failure(path("disk")) == "cannot write \(path("disk")): it is a disk")
        #expect(kind(path("disk")) == S_IFBLK)
    }

    /// `--file /dev/stdout >file`: what the shell opened is written to where it stands, and not replaced.
    @Test func openFilesOfOursAreWrittenTo() throws {
        let file = try OwnedDescriptor(path: path("a"), flags: O_RDWR | O_CREAT)
        try file.writeAll(Array("before ".utf8))
        for name in ["/dev/fd/\(file.raw)", "/proc/self/fd/\(file.raw)", "/proc/thread-self/fd/\(file.raw)"] {
            try OutputFile.write("new ", to: name)
        }
        try file.writeAll(Array("after".utf8))
        #expect(readText(path("a")) == "before new new new after")
        expectNames("a")
        // There is no such link: nothing of that name is made in /proc either.
        #expect(failure("/proc/self/fd/9999")?.hasPrefix("cannot write /proc/self/fd/9999: ") ?? false)
    }

    @Test func whatCannotBeWrittenLeavesWhatWasThere() throws {
        try "old".write(toFile: path("a"), atomically: false, encoding: .utf8)
        // A file system without room: a tmpfs of one page, whose one page is taken.
        #expect(unsafe mkdir(path("small"), 0o700) == 0)
        let code = unsafe mount("none", path("small"), "tmpfs", 0, "size=4096")
        try #require(code == 0)
        defer { unsafe _ = umount2(path("small"), Int32(MNT_DETACH)) }
        try OutputFile.write(String(repeating: "x", count: 100), to: path("small/a"))
        let text = String(repeating: "y", count: 100_000)
        do {
            try OutputFile.write(text, to: path("small/a"))
            Issue.record("a full disk took it")
        } catch {
            #expect("\(error)" == "cannot write \(path("small/a")): No space left on device")
            #expect(error.cause?.errno == ENOSPC)
        }
        #expect(readText(path("small/a"))?.utf8.count == 100)
        #expect(directoryNames(path("small")) == ["a"])
    }
}
