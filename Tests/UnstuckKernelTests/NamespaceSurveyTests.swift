import CLinuxUAPI
import Glibc
import TestSupport
import Testing
import UnstuckModel

@testable import UnstuckKernel

/// Namespaces that no process is in and no name leads to.
@Suite("Namespaces are found by everything that keeps them", .serialized)
struct NamespaceSurveyTests {
    /// A survey that knows the namespaces of processes, as the tables do.
    private static func survey() -> (found: Set<UInt32>, evidence: NamespaceEvidence) {
        let known = NamespaceFinder(root: NodeRoot()).find().map(\.namespace.inode)
        var survey = NamespaceSurvey(root: NodeRoot())
        var found = Set<UInt32>()
        survey.find(notOf: [], notAmong: Set(known)) { found.insert($0.inode) }
        return (found, survey.evidence)
    }

    @Test func ofAThread() throws {
        var (answer, end): ([Int32], [Int32]) = ([0, 0], [0, 0])
        try syscall("pipe", on: "a thread's answer") { unsafe pipe(&answer) }
        try syscall("pipe", on: "a thread's end") { unsafe pipe(&end) }
        defer { for descriptor in answer + end.prefix(1) { close(descriptor) } }
        let (told, waited) = (answer[1], end[0])
        let thread = try JoinableThread {
            var inode: UInt32 = 0
            if linux_new_network() == 0 {
                inode = linkTarget("/proc/thread-self/ns/net").flatMap(NamespaceFinder.inode(ofLink:)) ?? 0
            }
            var byte: UInt8 = 0
            unsafe _ = write(told, &inode, 4)
            unsafe _ = read(waited, &byte, 1)  // until the other end is closed
        }
        var inode: UInt32 = 0
        unsafe _ = read(answer[0], &inode, 4)
        let (found, evidence) = Self.survey()
        close(end[1])
        try thread.wait()
        #expect(inode != 0)
        #expect(found.contains(inode))
        #expect(evidence.known[inode]?.contains(.thread) == true)
        #expect(!Self.survey().found.contains(inode))
    }

    /// A descriptor of the namespace itself.
    @Test func ofADescriptor() throws {
        let descriptor = try NamespaceThread.onThread {
            try syscall("unshare", on: "the network") { linux_new_network() }
            return try syscall("open", on: "the new namespace") {
                unsafe open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)
            }
        }
        let inode = try #require(inodeNumber("/proc/self/fd/\(descriptor)").map(UInt32.init(truncatingIfNeeded:)))
        let (found, evidence) = Self.survey()
        #expect(found.contains(inode))
        #expect(evidence.known[inode] == [.descriptor])
        close(descriptor)
        #expect(!Self.survey().found.contains(inode))
    }

    /// A mount in another mount namespace, which is nowhere in ours.
    @Test func ofAMount() throws {
        let file = "/tmp/unstuck-mount-\(getpid())"
        defer { unsafe unlink(file) }
        let inner = "mount --bind /proc/self/ns/net \(file)"
        let script = ": >\(file) && unshare --net sh -c '\(inner)' && exec sleep 600"
        let running = try Programs.start("unshare", ["--mount", "sh", "-c", script])
        defer { running.terminate() }
        var seen: Set<UInt32> = []
        let isThere = Wait.until {
            let (found, evidence) = Self.survey()
            seen = found.filter { evidence.known[$0] == [.mount] }
            return !seen.isEmpty
        }
        #expect(isThere, "no namespace was found by its mount")
    }

    @Test func ofThisNodeEverythingIsSeen() {
        let view = ProcessView(root: NodeRoot())
        #expect(view.view() == .host)
        #expect(view.hidingOptions() == [])
        #expect(view.hasOurNumbers)
        #expect(ProcessView(root: NodeRoot(prefix: "/tmp")).view() == .absent)
    }
}
