public import Web

/// The relay's routes that may take their time, or have to wait for the disk.
public struct ColdRoutes: Sendable {
    private let relay: RelayState
    private let reports: ReportDesk
    private let facts: ServerFacts
    private let openAPI: OpenAPIRoute

    /// - Parameters:
    ///   - openAPI: the API's description, with `{{origin}}` for the server's address and `{{version}}` for its version.
    public init(
        relay: RelayState, reports: ReportDesk, facts: ServerFacts, openAPI: String, address: ServerAddress
    ) {
        self.relay = relay
        self.reports = reports
        self.facts = facts
        self.openAPI = OpenAPIRoute(document: openAPI, version: facts.version, address: address)
    }

    /// Adds the routes to the cold router.
    public func add(to router: ColdRouter) {
        RoomRoutes(rooms: relay.rooms).add(to: router)
        IdentityRoutes(relay: relay).add(to: router)
        DirectoryRoutes(relay: relay).add(to: router)
        ReportRoutes(relay: relay, desk: reports).add(to: router)
        StatusRoute(relay: relay, facts: facts).add(to: router)
        openAPI.add(to: router)
    }
}
