import Testing
import UnstuckRepair

@Suite("Steps a minute")
struct RateLimiterTests {
    @Test func withoutACapEverythingMayGo() {
        var limiter = RateLimiter(perMinute: 0)
        #expect(limiter.permit(1_000_000, at: 5) == 1_000_000)
        #expect(limiter.wait(at: 5) == 0)
    }

    @Test func aMinutesWorthThenAWait() {
        var limiter = RateLimiter(perMinute: 30)
        #expect(limiter.permit(20, at: 100) == 20)
        #expect(limiter.wait(at: 100) == 0)
        #expect(limiter.permit(20, at: 110) == 10)
        #expect(limiter.permit(20, at: 111) == 0)
        #expect(limiter.wait(at: 111) == 49)
        #expect(limiter.permit(20, at: 159.9) == 0)
        #expect(limiter.permit(50, at: 160) == 20)
        #expect(limiter.wait(at: 160) == 10)
    }

    /// Whatever is asked for and whenever: never more than the cap within any minute, and waiting always helps.
    @Test func neverMoreWithinAnyMinute() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<50 {
            let cap = Int.random(in: 1...40, using: &random)
            var limiter = RateLimiter(perMinute: cap)
            // Eighths of a second, which add up exactly.
            var now = Double(Int.random(in: 0...8000, using: &random)) / 8
            var taken: [(at: Double, count: Int)] = []
            var hasWaited = false
            for _ in 0..<100 {
                let count = limiter.permit(Int.random(in: 1...60, using: &random), at: now)
                #expect(count > 0 || !hasWaited, "waiting helps")
                taken.append((now, count))
                hasWaited = count == 0
                now += hasWaited ? limiter.wait(at: now) : Double(Int.random(in: 0...160, using: &random)) / 8
            }
            for (index, first) in taken.enumerated() {
                let minute = taken[index...].filter { $0.at - first.at < 60 }.reduce(0) { $0 + $1.count }
                #expect(minute <= cap)
            }
        }
    }
}
