import Foundation

/// Words that Unstuck does not use, for the field has others: in output, help and docs a reader would stumble over them.
/// Names in code are another matter; only texts are held against this list.
enum PlainWords {
    /// As regular expressions between word boundaries, with what is said instead.
    static let unwanted: [(pattern: String, instead: String)] = [
        ("residents?", "the socket behind the entry"),
        ("shortfalls?", "missing evidence"),
        ("judg(e|es|ed|ing|ement|ment)", "evaluate, classify"),
        ("somebody|someone|whoever", "the process, another writer"),
        ("anybody's", "any"),
        ("stand-ins?|sto?od in for|stands? in for", "shim, replaces"),
        ("control groups?", "cgroup"),
        ("dead entr(y|ies)", "stale entry"),
        ("waits? in", "blocked in; is in"),
        ("lands? in", "delivered to"),
        ("left alone", "skipped: REASON"),
        ("newcomers?", "reused keys"),
        ("kept out", "not inserted"),
        ("unmendable|mend(s|ed)?", "fix, repairable"),
        ("hands? on|handed on", "passes through"),
        ("swallow(s|ed)?", "misdelivered, dropped"),
        ("untold", "unknown, missed"),
        ("(is|are|be|was|were|been|not) told|told (to end|from|apart)", "reported, distinguished"),
        ("filed|files? (a |the )?sockets?", "inserted, stored under key"),
        ("(?<!sk_)msg programs?", "sk_msg program"),
        ("attached nowhere", "no attachment found"),
        ("touches nothing", "Read-only."),
        ("nothing to fear", "no risk found"),
        ("could not tell", "inconclusive"),
        ("known mistakes?", "known bugs"),
        ("for want of", "missing CAP_BPF"),
        ("places? of (its|their) own", "an isolated netns and cgroup"),
        ("armed|will hang", "at risk"),
        ("undone by", "auto-reverted by pid N"),
        ("another hand|other hands", "lost a race with another writer"),
        ("as it was|goes? astray|go astray", "restored; misdirected"),
        (
            "volleys?|drills?|bystanders?|valves?|leash(es)?|twins?",
            "burst, stress test, background connection, control case"
        ),
        ("prices?", "trade-off"),
        (
            "(saved|second|last|third|one|two) looks?(?! the same)|looked (at|into|once|twice)|looks twice",
            "sample, snapshot"
        ),
        ("without your word", "dry run"),
    ]

    struct Found: CustomStringConvertible {
        var word: String
        var instead: String
        /// What stands around it.
        var context: String
        var description: String { "\"\(word)\" (instead: \(instead)) in: …\(context)…" }
    }

    private static let expressions = unwanted.map { entry in
        (try? NSRegularExpression(pattern: "\\b(\(entry.pattern))\\b", options: .caseInsensitive), entry.instead)
    }

    static func find(in text: String) -> [Found] {
        let whole = text as NSString
        return expressions.flatMap { expression, instead in
            (expression?.matches(in: text, range: NSRange(location: 0, length: whole.length)) ?? []).map { match in
                let start = max(0, match.range.location - 40)
                let end = min(whole.length, match.range.location + match.range.length + 40)
                return Found(
                    word: whole.substring(with: match.range), instead: instead,
                    context: whole.substring(with: NSRange(location: start, length: end - start)))
            }
        }
    }
}
