import UnstuckKernel
import UnstuckRepair

/// Why something failed, for a person: what is missing is named where that is known.
///
/// - Parameter held: what it means that another process holds the map's lock.
public func errorMessage(_ error: any Error, held: String = "it is being changed") -> String {
    switch error {
    case FileLock.Failure.held(let holder): held + (holder.map { " by \($0)" } ?? "")
    case FileLock.Failure.system(let error): MissingPrivilege.words(for: error)
    default: MissingPrivilege.words(for: error)
    }
}
