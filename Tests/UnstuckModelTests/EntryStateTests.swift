import CUnstuckABI
import Testing
import UnstuckModel

@Suite("The classifier and its twin in the kernel")
struct EntryStateTests {
    /// Every state number that a byte can hold with every combination of flags: both give the same answer.
    @Test func agreeEverywhere() {
        for state in UInt8.min...UInt8.max {
            for flags in UInt8(0)..<64 {
                let ours = Liveness(
                    state: TCPState(rawValue: state), hasSocket: Int(flags) & UNSTUCK_HAS_SOCKET != 0,
                    isDead: Int(flags) & UNSTUCK_DEAD != 0, isTCP: Int(flags) & UNSTUCK_IS_TCP != 0)
                #expect(ours.rawValue == unstuck_liveness(state, flags))
            }
        }
    }

    @Test(arguments: [
        (TCPState.close, false, true, Liveness.leaked), (.close, true, false, .zombie),
        (.close, true, true, .zombie), (.close, false, false, .queuedDead), (.established, false, false, .queued),
        (.established, true, false, .live), (.finWait1, false, true, .live), (.listen, true, false, .listener),
        (.closeWait, true, false, .live),
    ])
    func evaluates(_ state: TCPState, _ hasSocket: Bool, _ isDead: Bool, _ expected: Liveness) {
        #expect(Liveness(state: state, hasSocket: hasSocket, isDead: isDead) == expected)
    }
}
