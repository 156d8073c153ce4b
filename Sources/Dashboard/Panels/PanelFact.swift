/// A name and what there is to say of it: a pair of a panel's list.
struct PanelFact {
    let name: String
    let value: String
}
