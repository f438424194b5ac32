//! What can be done with a task beside changing its fields.

/// An action that has a method of its own, `tasks.task.…`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// Begin it: `start`.
    Start,
    /// Stop working on it for now: `pause`.
    Pause,
    /// It is done: `complete`. Where its creator has to accept that, it awaits control.
    Complete,
    /// Accept the work: `approve`.
    Approve,
    /// Send it back: `disapprove`.
    Disapprove,
    /// Put it off: `defer`.
    Defer,
    /// Open it again: `renew`.
    Renew,
    /// Look on: `startwatch`.
    Watch,
    /// Look on no more: `stopwatch`.
    Unwatch,
    /// Put it among the favourites: `favorite.add`.
    AddFavorite,
    /// Take it from there: `favorite.remove`.
    RemoveFavorite,
    /// `mute`
    Mute,
    /// `unmute`
    Unmute,
    /// `pin`
    Pin,
    /// `unpin`
    Unpin,
}

impl Action {
    /// The method, and the parameter that takes the task: documented as `id` for some.
    pub(super) fn method(self) -> (&'static str, &'static str) {
        match self {
            Self::Start => ("tasks.task.start", "taskId"),
            Self::Pause => ("tasks.task.pause", "taskId"),
            Self::Complete => ("tasks.task.complete", "taskId"),
            Self::Approve => ("tasks.task.approve", "taskId"),
            Self::Disapprove => ("tasks.task.disapprove", "taskId"),
            Self::Defer => ("tasks.task.defer", "taskId"),
            Self::Renew => ("tasks.task.renew", "taskId"),
            Self::Watch => ("tasks.task.startwatch", "taskId"),
            Self::Unwatch => ("tasks.task.stopwatch", "taskId"),
            Self::AddFavorite => ("tasks.task.favorite.add", "taskId"),
            Self::RemoveFavorite => ("tasks.task.favorite.remove", "taskId"),
            Self::Mute => ("tasks.task.mute", "id"),
            Self::Unmute => ("tasks.task.unmute", "id"),
            Self::Pin => ("tasks.task.pin", "id"),
            Self::Unpin => ("tasks.task.unpin", "id"),
        }
    }
}
