import Glibc
import UnstuckKernel
import UnstuckModel

/// What a sockmap does to connections that it holds by half, or not at all.
extension Scenario {
    static let mapScenarios: [Scenario] = [
        // Every place is taken: the next connection is an ordinary one. Control: there is room.
        Scenario("full", options: { Fixture.Options(room: $0 ? 60 : 2) }) { fixture, family, isControl in
            let filling = try fixture.pair(family)
            fixture.keep(filling.client)
            fixture.keep(filling.server)
            let tuple = fixture.freshTuple(family)
            let pair = try fixture.pair(tuple)
            for end in [tuple, tuple.reversed] { try fixture.mustBeFiled(end, isControl) }
            return fixture.thenOn(pair, tuple)
        },
        // Only the server's side is accelerated: its redirects miss, and the stack carries what it sends. Control: both.
        Scenario("one-sided") { fixture, family, isControl in
            let tuple = fixture.freshTuple(family)
            let pair = try fixture.pair(tuple, isAccelerated: isControl)
            try fixture.mustBeFiled(tuple.reversed)
            try fixture.mustBeFiled(tuple, isControl)
            return fixture.thenOn(pair, tuple, anew: { try fixture.pair($0, isAccelerated: isControl) })
        },
        // The same under a msg program that returns what the helper says. Control: both sides are inserted, nothing misses.
        Scenario("verdict-miss", options: { _ in Fixture.Options(refusesMisses: true) }) { fixture, family, isControl in
            let tuple = fixture.freshTuple(family)
            let pair = try fixture.pair(tuple, isAccelerated: isControl)
            try fixture.mustBeFiled(tuple.reversed)
            try fixture.mustBeFiled(tuple, isControl)
            return fixture.thenOn(pair, tuple, anew: { try fixture.pair($0, isAccelerated: isControl) })
        },
        // The same loopback tuple in two network namespaces, one sockmap: the second client's bytes reach the first
        // one's server. Control: its port is another.
        Scenario("shared-tuple") { fixture, family, isControl in
            let tuple = fixture.freshTuple(family)
            // Its client is beside the accelerator, so that its key is free for the second one's.
            let first = try fixture.pair(tuple, isAccelerated: false)
            fixture.keep(first.client)
            fixture.keep(first.server)
            let mine = isControl ? fixture.freshTuple(family) : tuple
            return fixture.thenOn(try fixture.inSecondNetwork { try fixture.pair(mine) }, mine)
        },
    ]
}
