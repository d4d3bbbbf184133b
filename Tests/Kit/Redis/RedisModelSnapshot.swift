/// What a ``RedisModel`` held at some time.
package struct RedisModelSnapshot {
  let server: RedisModelServer
}
