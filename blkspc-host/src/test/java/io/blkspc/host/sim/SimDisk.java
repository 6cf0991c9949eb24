package io.blkspc.host.sim;

import io.blkspc.api.IoRole;
import io.blkspc.host.sched.Scheduler;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import java.util.zip.CRC32C;

/**
 * A crash domain: several devices that lose power at one moment. Every IO is a step of the scheduler. A disk and its
 * devices are for one task at a time, as {@link SimScheduler} guarantees.
 *
 * <p>Source of the crash states: every subset of the unforced 512-byte sectors, in any mixture of versions, is legal.
 */
public final class SimDisk {

    private static final double[] PROBABILITIES = {0.02, 0.2, 0.5, 0.8, 0.98};

    private final Map<String, SimDevice> devices = new LinkedHashMap<>();
    private final IoCounts counts = new IoCounts();
    private final SplittableRandom random;
    private final CRC32C crc = new CRC32C();
    private Scheduler scheduler;
    private FaultInjector faults = FaultInjector.NONE;
    private FaultInjector whileForced = FaultInjector.NONE;
    private long sequence;
    private long ordinal;
    private long traceHash;
    private boolean keepsSpace = true;
    private int tearOneIn = 8;

    /** An empty disk whose inner choices (torn writes, what a failed force loses) follow the seed. */
    public SimDisk(Scheduler scheduler, long seed) {
        this.scheduler = scheduler;
        this.random = new SplittableRandom(seed);
    }

    /** Adds a device of zeros. */
    public SimDevice create(String name, long sizeBytes) {
        if (devices.containsKey(name) || sizeBytes <= 0 || sizeBytes % SectorImage.SECTOR_BYTES != 0) {
            throw new IllegalArgumentException("no such device can be made: name=" + name + ", size=" + sizeBytes);
        }
        SimDevice device = new SimDevice(this, devices.size(), name, sizeBytes);
        devices.put(name, device);
        return device;
    }

    /** The device of that name. */
    public SimDevice device(String name) {
        SimDevice device = devices.get(name);
        if (device == null) {
            throw new IllegalArgumentException("no such device: name=" + name + ", devices=" + devices.keySet());
        }
        return device;
    }

    /** Makes a copied disk run under a scheduler; a copy starts with {@link InertScheduler}. */
    public SimDisk use(Scheduler newScheduler) {
        scheduler = newScheduler;
        return this;
    }

    /** Sets who decides about faults. */
    public SimDisk faults(FaultInjector injector) {
        faults = injector;
        return this;
    }

    /** What is to happen while forces run, after the moment that says what they cover; no faults. */
    public SimDisk whileForced(FaultInjector happens) {
        whileForced = happens;
        return this;
    }

    /** Says of its devices that overwrites may find no room. */
    public SimDisk promisesNothing() {
        keepsSpace = false;
        return this;
    }

    boolean keepsSpace() {
        return keepsSpace;
    }

    /** One in {@code n} writes of several sectors is applied in two steps; 0 for none. */
    public SimDisk tearOneIn(int n) {
        tearOneIn = n;
        return this;
    }

    // ---- crash states ----

    /** What is left after the process was killed: the page cache survives, and all of it may yet be forced. */
    public SimDisk killImage() {
        SimDisk copy = new SimDisk(new InertScheduler(), traceHash ^ ordinal);
        copy.tearOneIn = tearOneIn;
        copy.sequence = sequence;
        for (SimDevice device : devices.values()) {
            SimDevice twin = copyOf(device, copy, device.visible.copy(), device.durable.copy());
            for (PendingWrite write : device.pending) {
                PendingWrite same = write.copyTo(twin);
                // The caller is dead, but its pages are as dirty as any.
                same.returnedAt = write.sequence;
                twin.pending.add(same);
            }
        }
        return copy;
    }

    /** What is left after a power cut now. This disk is not changed. */
    public SimDisk cut(RandomGenerator choice, CutKind kind) {
        SimDisk after = durableCopy(choice.nextLong());
        List<PendingWrite> writes = pendingInOrder();
        if (writes.isEmpty()) {
            return after.settle();
        }
        int count = writes.size();
        switch (kind) {
            case NONE -> {}
            case ALL -> after.keep(writes);
            case ONLY_LAST -> after.keep(writes.subList(count - 1, count));
            case NEWEST_HALF -> after.keep(writes.subList(count / 2, count));
            case ALL_BUT_ONE -> {
                writes.remove(choice.nextInt(count));
                after.keep(writes);
            }
            case RANDOM -> after.keepRandom(writes, choice);
            case TORN_SECTOR -> {
                after.keepRandom(writes, choice);
                after.tear(writes.get(choice.nextInt(count)), choice);
            }
        }
        return after.settle();
    }

    /** Sectors, counted once per version, that a cut may or may not leave. */
    public int pendingSectors() {
        int sum = 0;
        for (PendingWrite write : pendingInOrder()) {
            for (int s = 0; s < write.sectorCount; s++) {
                sum += write.mayBeFound(s) ? 1 : 0;
            }
        }
        return sum;
    }

    /** Number of legal crash states at this moment: per sector one, plus one per version. Fits a long for few sectors. */
    public long legalStates() {
        long product = 1;
        for (List<PendingWrite> versions : versionsBySector().values()) {
            product = Math.multiplyExact(product, versions.size() + 1L);
        }
        return product;
    }

    /** One of the {@link #legalStates}, by number from 0; 0 keeps nothing. */
    public SimDisk legalState(long number) {
        SimDisk after = durableCopy(number);
        long rest = number;
        for (Map.Entry<SectorKey, List<PendingWrite>> entry : versionsBySector().entrySet()) {
            int choices = entry.getValue().size() + 1;
            int version = (int) (rest % choices);
            rest /= choices;
            if (version > 0) {
                PendingWrite write = entry.getValue().get(version - 1);
                int sector = (int) (entry.getKey().sector - write.firstSector);
                write.applySector(after.device(write.device.name()).durable, sector);
            }
        }
        return after.settle();
    }

    /** {@code true} when both disks have the same bytes on the medium and nothing else differs to a reader. */
    public boolean sameBytes(SimDisk other) {
        for (SimDevice device : devices.values()) {
            SimDevice theirs = other.device(device.name());
            if (!device.durable.sameBytes(theirs.durable) || !device.visible.sameBytes(theirs.visible)) {
                return false;
            }
        }
        return devices.keySet().equals(other.devices.keySet());
    }

    private record SectorKey(int device, long sector) {}

    private Map<SectorKey, List<PendingWrite>> versionsBySector() {
        Map<SectorKey, List<PendingWrite>> versions = new LinkedHashMap<>();
        for (PendingWrite write : pendingInOrder()) {
            for (int s = 0; s < write.sectorCount; s++) {
                if (write.mayBeFound(s)) {
                    versions.computeIfAbsent(
                                    new SectorKey(write.device.index, write.firstSector + s), key -> new ArrayList<>())
                            .add(write);
                }
            }
        }
        return versions;
    }

    private List<PendingWrite> pendingInOrder() {
        List<PendingWrite> all = new ArrayList<>();
        devices.values().forEach(device -> all.addAll(device.pending));
        all.sort(Comparator.comparingLong(write -> write.sequence));
        return all;
    }

    private SimDisk durableCopy(long seed) {
        SimDisk copy = new SimDisk(new InertScheduler(), seed);
        copy.tearOneIn = tearOneIn;
        for (SimDevice device : devices.values()) {
            // The visible image is set by settle, once it is known what the medium holds.
            copyOf(device, copy, null, device.durable.copy());
        }
        return copy;
    }

    private static SimDevice copyOf(SimDevice device, SimDisk disk, SectorImage visible, SectorImage durable) {
        SimDevice twin = new SimDevice(disk, device.index, device.name(), device.sizeBytes(), visible, durable);
        disk.devices.put(device.name(), twin);
        return twin;
    }

    private SimDisk settle() {
        devices.replaceAll((name, device) ->
                new SimDevice(this, device.index, name, device.sizeBytes(), device.durable.copy(), device.durable));
        return this;
    }

    private void keep(List<PendingWrite> writes) {
        for (PendingWrite write : writes) {
            write.applyTo(device(write.device.name()).durable);
        }
    }

    // A coin per sector and version: the last one kept wins, so every mixture of versions can come out.
    private void keepRandom(List<PendingWrite> writes, RandomGenerator choice) {
        double probability = PROBABILITIES[choice.nextInt(PROBABILITIES.length)];
        for (PendingWrite write : writes) {
            SectorImage image = device(write.device.name()).durable;
            for (int s = 0; s < write.sectorCount; s++) {
                if (choice.nextDouble() < probability && write.mayBeFound(s)) {
                    write.applySector(image, s);
                }
            }
        }
    }

    private void tear(PendingWrite write, RandomGenerator choice) {
        int sector = choice.nextInt(write.sectorCount);
        int length = 1 + choice.nextInt(SectorImage.SECTOR_BYTES - 1);
        device(write.device.name())
                .durable
                .write(
                        (write.firstSector + sector) * SectorImage.SECTOR_BYTES,
                        write.bytes,
                        sector * SectorImage.SECTOR_BYTES,
                        length);
    }

    // ---- what devices call ----

    Fault begin(SimDevice device, IoRole role, IoOp op, long offsetBytes, long lengthBytes) {
        scheduler.yieldPoint(op.name());
        ordinal++;
        counts.add(role, op, lengthBytes);
        trace(((long) device.index << 32) ^ role.name().hashCode() ^ op.name().hashCode());
        trace(offsetBytes);
        trace(lengthBytes);
        return faults.onIo(new IoEvent(device, role, op, ordinal, offsetBytes, lengthBytes));
    }

    void end(String what) {
        scheduler.yieldPoint(what);
    }

    /** A force has begun, and covers nothing that is written from now on. */
    void forceRuns(SimDevice device, IoRole role, long lengthBytes) {
        scheduler.yieldPoint("force running");
        whileForced.onIo(new IoEvent(device, role, IoOp.FORCE, ordinal, 0, lengthBytes));
    }

    void traceBytes(byte[] bytes) {
        crc.reset();
        crc.update(bytes);
        trace(crc.getValue());
    }

    boolean tearsInFlight() {
        return tearOneIn > 0 && random.nextInt(tearOneIn) == 0;
    }

    long nextSequence() {
        return ++sequence;
    }

    SplittableRandom random() {
        return random;
    }

    private void trace(long value) {
        traceHash = SimScheduler.mix(traceHash, value);
    }

    // ---- what tests read ----

    /** A hash of every IO so far, with the bytes written: equal for two runs of one seed. */
    public long traceHash() {
        return traceHash;
    }

    /** Number of IOs so far. */
    public long ioCount() {
        return ordinal;
    }

    /** Number of IOs of one role and kind so far. */
    public long count(IoRole role, IoOp op) {
        return counts.count(role, op);
    }

    /** Bytes of one role and kind so far. */
    public long bytes(IoRole role, IoOp op) {
        return counts.bytes(role, op);
    }

    /** Makes closed or failed devices usable again, as a new process would; nothing else changes. */
    public SimDisk reopen() {
        devices.values().forEach(SimDevice::reopen);
        return this;
    }
}
