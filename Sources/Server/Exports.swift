// The types that this module's own interface speaks of: a program that embeds the server imports
// `FanfareServer` and nothing else.
@_exported import struct FanfareActors.ChannelName
@_exported import struct FanfareActors.ChannelVerdict
@_exported import struct FanfareActors.Cursor
@_exported import enum FanfareActors.DeathReason
@_exported import struct FanfareActors.Draft
@_exported import struct FanfareActors.Epoch
@_exported import class FanfareActors.Event
@_exported import struct FanfareActors.EventType
@_exported import enum FanfareActors.JobEventKind
@_exported import struct FanfareActors.JobProgress
@_exported import enum FanfareActors.JobState
@_exported import struct FanfareActors.NamespaceSettings
@_exported import enum FanfareActors.Overflow
@_exported import struct FanfareActors.Position
@_exported import struct FanfareActors.QueueSettings
@_exported import struct FanfareActors.RateBudget
@_exported import struct FanfareActors.RetryPlan
@_exported import enum FanfareActors.Verdict
@_exported import enum FanfareBackplane.RedisMode
@_exported import struct FanfareBackplane.RedisURL
@_exported import struct FanfareRuntime.Limits
