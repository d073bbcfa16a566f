extension Duration {
    /// How long something is waited for that must come. It bounds failures alone, so it is generous: an emulated processor
    /// beside a busy machine may stand still for seconds.
    public static let patience = Duration.seconds(30)
}
