import UnstuckKernel
import UnstuckRepair

/// Why something failed, for a person.
///
/// - Parameter held: what it means that somebody else works on the map.
func words(_ error: any Error, held: String = "it is being changed") -> String {
    switch error {
    case FileLock.Failure.held(let holder): held + (holder.map { " by \($0)" } ?? "")
    case FileLock.Failure.system(let error): MissingPrivilege.words(for: error)
    default: MissingPrivilege.words(for: error)
    }
}
