import Glibc
import UnstuckKernel
import UnstuckModel

/// What a sockmap does to connections that it holds by half, or not at all.
extension Scene {
    static let mapScenes: [Scene] = [
        // Every place is taken: the next connection is an ordinary one. Twin: there is room.
        Scene("full", options: { Stage.Options(room: $0 ? 60 : 2) }) { stage, family, isTwin in
            let filling = try stage.pair(family)
            stage.keep(filling.client)
            stage.keep(filling.server)
            let tuple = stage.freshTuple(family)
            let pair = try stage.pair(tuple)
            for end in [tuple, tuple.reversed] { try stage.mustBeFiled(end, isTwin) }
            return stage.thenOn(pair, tuple)
        },
        // Only the server's side is accelerated: its redirects miss, and the stack carries what it sends. Twin: both.
        Scene("one-sided") { stage, family, isTwin in
            let tuple = stage.freshTuple(family)
            let pair = try stage.pair(tuple, isAccelerated: isTwin)
            try stage.mustBeFiled(tuple.reversed)
            try stage.mustBeFiled(tuple, isTwin)
            return stage.thenOn(pair, tuple)
        },
        // The same under a msg program that returns what the helper says. Twin: both sides are filed, nothing misses.
        Scene("verdict-miss", options: { _ in Stage.Options(refusesMisses: true) }) { stage, family, isTwin in
            let tuple = stage.freshTuple(family)
            let pair = try stage.pair(tuple, isAccelerated: isTwin)
            try stage.mustBeFiled(tuple.reversed)
            try stage.mustBeFiled(tuple, isTwin)
            return stage.thenOn(pair, tuple)
        },
        // The same loopback tuple in two network namespaces, one sockmap: the second client's bytes reach the first
        // one's server. Twin: its port is another.
        Scene("live-resident") { stage, family, isTwin in
            let tuple = stage.freshTuple(family)
            // Its client is beside the accelerator, so that its key is free for the second one's.
            let first = try stage.pair(tuple, isAccelerated: false)
            stage.keep(first.client)
            stage.keep(first.server)
            let mine = isTwin ? stage.freshTuple(family) : tuple
            return stage.thenOn(try stage.inSecondNetwork { try stage.pair(mine) }, mine)
        },
    ]
}
