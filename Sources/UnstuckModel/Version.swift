/// The version of the tool; `CHANGELOG.md` says what each brought.
public let unstuckVersion = "0.1.0"
