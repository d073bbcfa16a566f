import Testing
import UnstuckRepair

@Suite("Steps a minute")
struct PaceTests {
    @Test func withoutACapEverythingMayGo() {
        var pace = Pace(perMinute: 0)
        #expect(pace.take(1_000_000, at: 5) == 1_000_000)
        #expect(pace.wait(at: 5) == 0)
    }

    @Test func aMinutesWorthThenAWait() {
        var pace = Pace(perMinute: 30)
        #expect(pace.take(20, at: 100) == 20)
        #expect(pace.wait(at: 100) == 0)
        #expect(pace.take(20, at: 110) == 10)
        #expect(pace.take(20, at: 111) == 0)
        #expect(pace.wait(at: 111) == 49)
        #expect(pace.take(20, at: 159.9) == 0)
        #expect(pace.take(50, at: 160) == 20)
        #expect(pace.wait(at: 160) == 10)
    }

    /// Whatever is asked for and whenever: never more than the cap within any minute, and waiting always helps.
    @Test func neverMoreWithinAnyMinute() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<50 {
            let cap = Int.random(in: 1...40, using: &random)
            var pace = Pace(perMinute: cap)
            // Eighths of a second, which add up exactly.
            var now = Double(Int.random(in: 0...8000, using: &random)) / 8
            var taken: [(at: Double, count: Int)] = []
            var hasWaited = false
            for _ in 0..<100 {
                let count = pace.take(Int.random(in: 1...60, using: &random), at: now)
                #expect(count > 0 || !hasWaited, "waiting helps")
                taken.append((now, count))
                hasWaited = count == 0
                now += hasWaited ? pace.wait(at: now) : Double(Int.random(in: 0...160, using: &random)) / 8
            }
            for (index, first) in taken.enumerated() {
                let minute = taken[index...].filter { $0.at - first.at < 60 }.reduce(0) { $0 + $1.count }
                #expect(minute <= cap)
            }
        }
    }
}
