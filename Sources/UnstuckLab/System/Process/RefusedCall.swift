import CLinuxUAPI
import Glibc
import UnstuckKernel

/// System calls that a seccomp filter refuses.
public enum RefusedCall {
    /// Those that can be refused, by the kernel's names for them.
    public static var names: [String] {
        var names: [String] = []
        while let name = unsafe linux_call_name(Int32(names.count)) { unsafe names.append(String(cString: name)) }
        return names
    }

    /// From here on the call fails, in this process and in what it becomes and starts.
    public static func refuse(_ name: String, with code: Int32) throws {
        let number = unsafe linux_call_number(name)
        guard number >= 0 else { throw LabError(.invalid, "no system call \(name) on this processor") }
        try syscall("seccomp", on: name) { linux_refuse_call(number, code) }
    }
}
