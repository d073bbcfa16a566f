import UnstuckKernel
import UnstuckModel
import UnstuckProbing

/// Poisoned ports, really tried.
public struct ForecastVerification: Encodable {
    public struct Trial: Encodable {
        public var client: Endpoint
        public var server: Endpoint
        /// `hung`, `answered`, or what stood in the way.
        public var outcome: String
    }
    public var trials: [Trial] = []
    public var hung: Int { trials.count { $0.outcome == "hung" } }
    public var answered: Int { trials.count { $0.outcome == "answered" } }

    private enum CodingKeys: String, CodingKey { case trials }

    /// Tries them, each with one HTTP request as kubelet sends it.
    ///
    /// - Parameter timeout: of a request, in seconds.
    public init(
        of forecast: Forecast, count: Int, timeout: Double, root: NodeRoot, progress: (_ tried: Int, _ all: Int) -> Void
    ) {
        let finder = NamespaceFinder(root: root)
        let all = forecast.routes.flatMap { route in route.poisonedPorts.map { (route, $0) } }
        // Spread over all of them, so that each pair of client and server has its share.
        let step = max(1, all.count / count)
        for (route, port) in stride(from: 0, to: all.count, by: step).prefix(count).map({ all[$0] }) {
            let client = Endpoint(route.client, port)
            var options = HTTPProbe.Options()
            options.timeout = timeout
            options.attempts = 1
            options.vantage.sourceAddress = route.client
            options.vantage.sourcePort = port
            options.vantage.namespace = route.clientNamespaces.first.flatMap(finder.path)
            let outcome =
                route.clientNamespaces.count > 1
                ? "not tried: \(route.client) is an address in \(route.clientNamespaces.count) network namespaces"
                : Self.attempt(route.server, options)
            trials.append(Trial(client: client, server: route.server, outcome: outcome))
            progress(trials.count, min(count, all.count))
        }
    }

    private static func attempt(_ server: Endpoint, _ options: HTTPProbe.Options) -> String {
        do {
            let outcome = try HTTPProbe(ProbeURL("\(server)"), options: options).run()
            if outcome.responseBytes > 0 { return "answered" }
            return outcome.cause == .timeout && outcome.stoppedIn == .awaitingHeaders ? "hung" : outcome.output
        } catch {
            return "not tried: \(error)"
        }
    }
}
