import NIOCore
import Web

/// `GET /admin/stats`: the page, or the parts of it that its script swaps.
struct StatsRoute: Sendable {
    let panels: PanelRoutes
    let page: StatsPage
    private let pasts = AnswerCache<PastPanels>()

    init(panels: PanelRoutes, page: StatsPage) {
        self.panels = panels
        self.page = page
    }

    @Sendable func respond(_ request: FrontRequest) async throws -> FrontResponse {
        let choice = StatsChoice(request.query)
        let input = try await panels.input()
        let part = request.query["part"].flatMap(StatsChoice.Part.init(rawValue:)) ?? .page
        guard part != .now else { return .page(try page.renderNow(input, choice)) }
        return .page(try page.render(input, choice, try await past(input, choice), part: part))
    }

    /// The past changes with a flush, a visit, the minute, and what is known of finding countries.
    private func past(_ input: StatsInput, _ choice: StatsChoice) async throws -> PastPanels {
        let metrics = panels.metrics
        let test = input.geoSelfTest
        let tag =
            "\(metrics.revision)-\(metrics.meter.visits)-\(input.now / 60_000)"
            + "-\(test.facts.hashValue)-\(test.headersIgnored > 0)"
        return try await pasts.answer(to: choice.link, tag: tag) {
            try page.past(input, try await StatsHistory.read(from: metrics, choice, now: input.now))
        }
    }
}
