import NIOHTTP1
import SignalboxMetrics

/// Page visits by country: a GET by a browser that was shown a page.
extension FrontHandler {
    func countVisit() {
        guard let head = answeringHead, head.method == .get, head.clientKind == .browser
        else { return }
        front.options.countries.count(
            client: clientAddress(head), header: head.first("cf-ipcountry"),
            isHeaderTrusted: front.options.trustsCloudflare && peer.map(front.proxies.namesPeer) ?? false,
            meter: front.meter)
    }
}
