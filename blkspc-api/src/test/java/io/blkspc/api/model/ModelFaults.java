package io.blkspc.api.model;

import io.blkspc.api.Geometry;
import io.blkspc.api.IoRole;
import java.util.EnumMap;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Rare answers made frequent: what a client's loops must survive. All off until asked for; every draw comes from one seed.
 * Any thread may call anything.
 */
public final class ModelFaults {

    private SplittableRandom random = new SplittableRandom(0);
    private double shortMappings;
    private double busyAnswers;
    private int reservesUntilOutOfSpace = -1;
    private int outOfSpaceCount;
    private final Map<Io, Integer> ioUntilError = new EnumMap<>(Io.class);
    private IoRole errorRole;

    /** Kinds of device IO that can be told to fail. */
    public enum Io {
        /** {@code BlockDevice.read}. */
        READ,
        /** {@code BlockDevice.write}. */
        WRITE,
        /** {@code BlockDevice.force}. */
        FORCE
    }

    /** Everything off again. */
    public synchronized void clear() {
        shortMappings = 0;
        busyAnswers = 0;
        reservesUntilOutOfSpace = -1;
        outOfSpaceCount = 0;
        ioUntilError.clear();
        errorRole = null;
    }

    /** The seed of all later draws. */
    public synchronized ModelFaults seed(long seed) {
        random = new SplittableRandom(seed);
        return this;
    }

    /** With this probability, 0 to 1, a mapping ends at a random block before it must. */
    public synchronized ModelFaults shortMappings(double probability) {
        shortMappings = probability;
        return this;
    }

    /** With this probability, 0 to 1, an allocate that would succeed answers BUSY. */
    public synchronized ModelFaults busyAnswers(double probability) {
        busyAnswers = probability;
        return this;
    }

    /** After {@code skip} more reserves, the next {@code count} find no space. */
    public synchronized ModelFaults outOfSpace(int skip, int count) {
        reservesUntilOutOfSpace = skip;
        outOfSpaceCount = count;
        return this;
    }

    /** After {@code skip} more IOs of this kind, one fails half-way with code IO. */
    public synchronized ModelFaults failIo(Io kind, int skip) {
        return failIo(kind, null, skip);
    }

    /** As {@link #failIo(Io, int)}, counting IOs of one role only; one role at a time. */
    public synchronized ModelFaults failIo(Io kind, IoRole role, int skip) {
        ioUntilError.put(kind, skip);
        errorRole = role;
        return this;
    }

    synchronized long shorten(long blocks) {
        return blocks > 1 && shortMappings > 0 && random.nextDouble() < shortMappings
                ? 1 + random.nextLong(blocks)
                : blocks;
    }

    /** A mapping may end inside a block when nothing is staged. */
    synchronized long shortenBytes(long bytes) {
        if (bytes <= 1 || shortMappings == 0 || random.nextDouble() >= shortMappings) {
            return bytes;
        }
        return random.nextBoolean() ? 1 + random.nextLong(bytes) : Math.min(bytes, Geometry.BLOCK_BYTES);
    }

    synchronized boolean answersBusy() {
        return busyAnswers > 0 && random.nextDouble() < busyAnswers;
    }

    synchronized boolean refusesReserve() {
        if (outOfSpaceCount == 0 || reservesUntilOutOfSpace < 0) {
            return false;
        }
        if (reservesUntilOutOfSpace > 0) {
            reservesUntilOutOfSpace--;
            return false;
        }
        outOfSpaceCount--;
        return true;
    }

    synchronized boolean failsNow(Io kind, IoRole role) {
        int left = ioUntilError.getOrDefault(kind, -1);
        if (left < 0 || (errorRole != null && errorRole != role)) {
            return false;
        }
        ioUntilError.put(kind, left - 1);
        return left == 0;
    }
}
