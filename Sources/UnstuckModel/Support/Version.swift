/// The version of every program of ours; `--version`, bundles and JSON carry it.
public let unstuckVersion = "0.1.0"
