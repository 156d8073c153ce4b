import NIOCore
import Web

/// `GET /admin/stats`: the page, or the parts of it that its script swaps.
struct StatsRoute: Sendable {
    let panels: PanelRoutes
    let page: StatsPage

    @Sendable func respond(_ request: FrontRequest) async throws -> FrontResponse {
        let choice = StatsChoice(request.query)
        let input = try await panels.input()
        let part = request.query["part"].flatMap(StatsChoice.Part.init(rawValue:)) ?? .page
        guard part != .now else { return .page(try page.renderNow(input, choice)) }
        let history = try await panels.history(choice, now: input.now)
        return .page(try page.render(input, history, part: part))
    }
}
