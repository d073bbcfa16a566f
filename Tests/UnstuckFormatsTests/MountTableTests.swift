import Testing
import UnstuckFormats

@Suite("/proc/PID/mountinfo")
struct MountTableTests {
    @Test func readsANamespacesMount() throws {
        let line = try #require(
            MountLine.all(in: #"560 28 0:4 net:[4026532218] /run/netns/a\040b rw shared:1 - nsfs nsfs rw"#).first)
        #expect(line.type == "nsfs")
        #expect(line.device == "0:4")
        #expect(line.mountPoint == "/run/netns/a b")
        #expect(NamespaceLink.inode(of: line.root, kind: "net") == 4_026_532_218)
        #expect(NamespaceLink.inode(of: line.root, kind: "mnt") == nil)
    }

    /// There may be no optional field, or several.
    @Test func theDashEndsTheOptionalFields() throws {
        for optional in ["", "shared:1 ", "shared:1 master:2 unbindable "] {
            let line = try #require(
                MountLine.all(in: "22 27 0:21 / /proc rw,relatime \(optional)- proc proc rw,hidepid=2").first)
            #expect(line.type == "proc")
            #expect(line.options == ["rw", "hidepid=2"])
        }
    }

    @Test(
        arguments: [
            ("rw", []), ("rw,hidepid=0", []), ("rw,hidepid=off", []), ("rw,gid=5,hidepid=1", ["hidepid=1"]),
            ("rw,hidepid=invisible", ["hidepid=invisible"]),
            ("rw,hidepid=ptraceable,subset=pid", ["hidepid=ptraceable", "subset=pid"]),
        ] as [(String, [String])])
    func tellsWhatHidesProcesses(_ options: String, _ hiding: [String]) throws {
        let line = try #require(MountLine.all(in: "22 27 0:21 / /proc rw - proc proc \(options)").first)
        #expect(line.hidingOptions == hiding)
    }

    @Test(arguments: ["", "22 27", "22 27 0:21 / /proc rw - proc", "- - - - - - - - -", "a b c d e f g h"])
    func otherLinesAreNone(_ text: String) {
        #expect(MountLine.all(in: text).filter { $0.type == "proc" }.isEmpty)
    }
}
