package io.blkspc.api;

import java.util.UUID;

/**
 * Two versions to compare, by name and by identity: whoever asks again and again is not answered about another version that took
 * the name meanwhile.
 *
 * @param name volume or snapshot
 * @param uuid its identity
 * @param since snapshot to compare it with
 * @param sinceUuid identity of that
 */
public record Comparison(String name, UUID uuid, String since, UUID sinceUuid) {}
