import ArgumentParser
import UnstuckModel

/// Of the declared layouts.
let layoutNames = KeyLayout.declared.map(\.name).joined(separator: ", ")

/// A declared layout by its name; an unknown name is answered with those that are known.
func declaredLayout(_ name: String) throws -> KeyLayout {
    guard let layout = KeyLayout.named(name) else {
        let known = KeyLayout.declared.map { "\($0.name) (\($0.size) bytes)" }
        throw ValidationError("no layout \"\(safeText(name))\"; there are \(known.joined(separator: ", "))")
    }
    return layout
}

/// Of all layouts by which a dump can be read.
let knownLayoutNames = KeyLayout.known.map(\.name).joined(separator: ", ")

/// As ``declaredLayout(_:)``, among those that only dumps are read by, too.
func knownLayout(_ name: String) throws -> KeyLayout {
    guard let layout = KeyLayout.known(name) else {
        let known = KeyLayout.known.map { "\($0.name) (\($0.size) bytes)" }
        throw ValidationError("no layout \"\(safeText(name))\"; there are \(known.joined(separator: ", "))")
    }
    return layout
}
