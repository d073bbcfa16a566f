import UnstuckKernel
import UnstuckModel
import UnstuckRepair

/// What a remedy must know beside the fault: guards and bypasses that are on, and which programs use a map.
struct ProtectionReading {
    let root: NodeRoot

    /// Adds it to a sample, of the maps that findings are about.
    func add(to sample: inout Snapshot, maps: Set<UInt32>) {
        let guards = GuardReading(GuardRegistry(), readsHeld: false)
        let (bypasses, unseen) = Bypass(root: root).states()
        sample.protection = MapProtection(
            guards: guards.states.filter { maps.contains($0.map) }.map(MapProtection.Guard.init),
            bypasses: bypasses.filter { maps.contains($0.map) }.map(MapProtection.Bypass.init),
            unseen: guards.problems + unseen)
        addUsers(to: &sample, maps)
    }

    /// Nothing is known of users where programs cannot be listed.
    private func addUsers(to sample: inout Snapshot, _ maps: Set<UInt32>) {
        guard var users = try? MapUsers(of: sample.sockmaps.filter { maps.contains($0.id) }) else { return }
        users.findAttachments(root: root)
        // Those of guards and bypasses are ours, and go with them.
        let programs = users.programs.filter { !Bypass.ownPrograms.contains($0.name) }
        for index in sample.sockmaps.indices where maps.contains(sample.sockmaps[index].id) {
            let id = sample.sockmaps[index].id
            sample.sockmaps[index].users = programs.filter { $0.maps.contains(id) }.map(\.id)
        }
        sample.add(attached: programs)
    }
}
