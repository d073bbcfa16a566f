import Testing
import UnstuckKernel

@Suite("Deadlines and clocks")
struct DeadlineTests {
    @Test func whatHasPassedLeavesNothing() {
        for past in [Duration.zero, .seconds(-5), .milliseconds(-1)] {
            let deadline = Deadline(after: past)
            #expect(deadline.hasPassed)
            #expect(deadline.remainingMilliseconds == 0)
        }
    }

    @Test func whatIsLeftIsRoundedUpAndFitsPoll() {
        #expect(Deadline(after: .seconds(60)).remainingMilliseconds > 59_000)
        #expect(Deadline(after: .seconds(60)).remainingMilliseconds <= 60_000)
        #expect(Deadline(after: .seconds(Int64.max / 2)).remainingMilliseconds == .max)
        #expect(!Deadline(after: .seconds(Int64.max)).hasPassed)
    }

    @Test func secondsAreKeptInBounds() {
        #expect(!Deadline(seconds: .infinity).hasPassed)
        #expect(Deadline(seconds: .nan).remainingMilliseconds <= 86_400_000)
        #expect(Deadline(seconds: 1e300).remainingMilliseconds <= 86_400_000)
        #expect(Deadline(seconds: 86_400).remainingMilliseconds > 86_300_000)
    }

    @Test func waitingAsksAgainAndEnds() {
        var asked = 0
        #expect(
            Deadline(after: .seconds(60)).wait(every: .milliseconds(1)) {
                asked += 1
                return asked == 3
            })
        #expect(asked == 3)
        #expect(!Deadline(after: .milliseconds(5)).wait(every: .milliseconds(1)) { false })
        #expect(Deadline(after: .zero).wait { true }, "asked once in any case")
    }

    @Test func theClocksGoOn() {
        for clock in [SystemClock.wall, .monotonic, .boot] {
            let start = clock.nanoseconds
            #expect(start > 0)
            #expect(Deadline(after: .seconds(60)).wait(every: .milliseconds(1)) { clock.seconds(since: start) > 0 })
        }
        #expect(SystemClock.boot.seconds >= SystemClock.monotonic.seconds - 0.001)
        #expect(SystemClock.wall.seconds > 1.7e9)
    }
}
