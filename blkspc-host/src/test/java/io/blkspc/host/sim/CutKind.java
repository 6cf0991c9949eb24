package io.blkspc.host.sim;

/** Which of the sectors that no force covers are on the medium after a power cut. */
public enum CutKind {
    /** None. */
    NONE,
    /** All. */
    ALL,
    /** Only those of the last write. */
    ONLY_LAST,
    /** All but those of one write, chosen at random. */
    ALL_BUT_ONE,
    /** Those of the newer half of the writes: as if the medium worked from the end. */
    NEWEST_HALF,
    /** Each on its own, with a probability chosen from 0.02, 0.2, 0.5, 0.8, 0.98; of several versions any. */
    RANDOM,
    /** As RANDOM, and one sector is torn inside: half old, half new. Stricter than the contract. */
    TORN_SECTOR
}
