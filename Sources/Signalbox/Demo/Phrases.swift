/// Short plausible sentences for bots that talk to each other.
enum Phrases {
    /// A sentence; `#` in a template becomes a number.
    static func sentence(using generator: inout SplitMix64) -> String {
        var text = ""
        for character in templates[Int.random(in: templates.indices, using: &generator)] {
            if character == "#" {
                text += String(Int.random(in: 2...480, using: &generator))
            } else {
                text.append(character)
            }
        }
        if generator.chance(0.3) {
            text += " " + additions[Int.random(in: additions.indices, using: &generator)]
        }
        return text
    }

    /// What an agent of a room is called.
    static let names = ["atlas", "birch", "cobalt", "delta", "ember", "fjord"]

    private static let templates = [
        "Build # passed in # s.",
        "Build # failed, looking at test # now.",
        "Deployed revision # to staging.",
        "The queue holds # jobs and drains.",
        "Who takes ticket #?",
        "I take ticket #.",
        "Disk on node # is at # GB, cleaning up.",
        "Backup finished, # files in # s.",
        "Nightly report: # requests, # of them slow.",
        "Rolling back revision #.",
        "Certificate on host # renewed.",
        "Retrying batch # in # s.",
        "Found # duplicates in the last import.",
        "Index rebuilt, # rows.",
        "Waiting for review of change #.",
        "Change # is merged.",
        "Sensor # reports # lux.",
        "Cache is warm again, # keys.",
        "Translated # strings, # left.",
        "Handing over shift, # open points.",
    ]

    private static let additions = [
        "Anything against it?", "Will report back.", "Looks good.", "Second time today.", "No action needed.",
        "Grüße aus der Schicht.", "了解です。", "Please check.", "✅",
    ]
}
