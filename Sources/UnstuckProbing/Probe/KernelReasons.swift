import Glibc
import UnstuckFormats
import UnstuckModel

extension KubeletMessages {
    static func dialRefused(_ target: Endpoint, call: String, errno: Int32) -> String {
        dialRefused(target, call: call, reason: reason(errno))
    }

    static func transfer(_ call: String, source: Endpoint?, target: Endpoint, errno: Int32) -> String {
        transfer(call, source: source, target: target, reason: reason(errno))
    }

    /// The kernel's reason as Go spells it: glibc's, in lower case.
    private static func reason(_ errno: Int32) -> String {
        let text = unsafe String(cString: strerror(errno))
        return text.prefix(1).lowercased() + text.dropFirst()
    }
}

extension ProbeOutcome.Cause {
    init(errno: Int32) {
        switch errno {
        case ECONNREFUSED: self = .refused
        case ECONNRESET, EPIPE, ECONNABORTED: self = .reset
        case EHOSTUNREACH, ENETUNREACH, EHOSTDOWN, ENETDOWN: self = .unreachable
        case ETIMEDOUT: self = .timeout
        default: self = .system
        }
    }
}
