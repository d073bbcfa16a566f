import Testing
import UnstuckModel

@Suite("Addresses")
struct IPAddressTests {
    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1"), ("0.0.0.0", "0.0.0.0"), ("::", "::"), ("::1", "::1"),
        ("2001:db8::1", "2001:db8::1"), ("2001:0db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"), ("fe80:0:0:0:0:0:0:0", "fe80::"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
    ])
    func readsAndPrints(_ text: String, _ canonical: String) throws {
        let address = try #require(IPAddress(text))
        #expect(address.description == canonical)
        #expect(IPAddress(bytes: address.bytes) == address)
    }

    @Test(arguments: [
        "", "1.2.3", "1.2.3.256", "1.2.3.4.5", ":::", "1::2::3", "12345::", "g::", "::1.2.3", "1:2:3:4:5:6:7:8:9",
        "+1::",
    ])
    func refuses(_ text: String) { #expect(IPAddress(text) == nil) }

    @Test func knowsLoopback() throws {
        #expect(try #require(IPAddress("127.9.9.9")).isLoopback)
        #expect(try #require(IPAddress("::1")).isLoopback)
        #expect(try !#require(IPAddress("192.0.2.1")).isLoopback)
    }

    @Test(arguments: ["192.0.2.1:80", "[2001:db8::1]:8080"])
    func endpointsRoundTrip(_ text: String) { #expect(Endpoint(text)?.description == text) }

    @Test(arguments: ["192.0.2.1", "2001:db8::1:80", "[2001:db8::1]", "192.0.2.1:65536"])
    func endpointsRefuse(_ text: String) { #expect(Endpoint(text) == nil) }
}
