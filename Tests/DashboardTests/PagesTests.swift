import Foundation
import Testing
import Web

@testable import Dashboard

@Suite struct PagesTests {
    @Test func theLoginPageAsksForTheToken() throws {
        let page = try LoginPage(templates: loadTemplates()).render(error: nil, hint: nil)
        #expect(page.contains("<form method=\"post\" action=\"/admin/login\">"))
        #expect(page.contains("<label for=\"token\">"))
        #expect(page.contains("name=\"token\" type=\"password\" autocomplete=\"current-password\""))
        #expect(!page.contains("role=\"alert\""))
        #expect(page.matches(of: /name="/).count == 5, "three metas and the token: nothing else is sent")
    }

    @Test func theLoginPageSaysWhatWentWrong() throws {
        let page = try LoginPage(templates: loadTemplates()).render(
            error: "Not the token.", hint: "See METRICS_TOKEN.")
        #expect(page.contains("role=\"alert\">Not the token.</p>"))
        #expect(page.contains("aria-describedby=\"error\""))
        #expect(page.contains("See METRICS_TOKEN."))
    }

    @Test func hostileWordsAreText() throws {
        let templates = try loadTemplates()
        let pages = try [
            LoginPage(templates: templates).render(error: hostile, hint: hostile),
            NoticePage(templates: templates).render(title: hostile, body: hostile),
        ]
        for page in pages {
            for word in forbiddenInPages { #expect(!page.contains(word)) }
            #expect(page.matches(of: /<h1/).count == 1)
        }
    }

    @Test func aMissingTemplateIsNamed() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "templates-\(UUID())")
        #expect(throws: Templates.Failure.noDirectory(directory.path(percentEncoded: false))) {
            try Templates(directory: directory.path(percentEncoded: false), requiring: ["login"])
        }
        let source = publicDirectory.appending(path: "templates")
        try FileManager.default.copyItem(at: source, to: directory)
        defer { try? FileManager.default.removeItem(at: directory) }
        try "{{#open}}".write(
            to: directory.appending(path: "login.mustache"), atomically: true, encoding: .utf8)
        #expect {
            try Templates(directory: directory.path(percentEncoded: false), requiring: ["login"])
        } throws: {
            "\($0)".contains("login.mustache can't be read")
        }
        try FileManager.default.removeItem(at: directory.appending(path: "login.mustache"))
        #expect(
            throws: Templates.Failure.missing(name: "login", directory: directory.path(percentEncoded: false))
        ) {
            try Templates(directory: directory.path(percentEncoded: false), requiring: ["login"])
        }
    }
}
