/// Where the bytes of a connection stop: the words that a verdict uses, too.
public enum CausePlace: String, Codable, Sendable {
    case clientApplication = "client application"
    case clientStack = "client stack"
    case path
    case serverStack = "server stack"
    case serverApplication = "server application"
    case sockmap
}
