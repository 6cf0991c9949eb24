package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.cli.e2e.History.Change;
import io.blkspc.cli.e2e.History.Operation;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The oracle accepts every legal sector and names every kind of wrong one. */
class SectorOracleTest {

    private static final int SECTOR = 5;

    private final History history = new History();
    private final VolumeOracle volume = history.volume("one", 64 * Sector.BYTES);

    @Test
    void repliedWriteMustBeThere() {
        Operation write = replied(Change.WRITE);
        assertThat(found(sectorOf(write))).isEmpty();
    }

    @Test
    void zerosInPlaceOfRepliedWriteAreLost() {
        replied(Change.WRITE);
        assertThat(kinds(zeros())).containsExactly(Finding.Kind.LOST);
    }

    @Test
    void olderWriteInPlaceOfRepliedOneIsStale() {
        Operation older = replied(Change.WRITE);
        replied(Change.WRITE);
        assertThat(kinds(sectorOf(older))).containsExactly(Finding.Kind.STALE);
    }

    @Test
    void unrepliedWriteMayBeOldOrNew() {
        Operation older = replied(Change.WRITE);
        Operation newer = begun(Change.WRITE);
        history.serverDied();
        assertThat(found(sectorOf(newer))).isEmpty();
        // What was seen after the restart may not change any more.
        assertThat(kinds(sectorOf(older))).containsExactly(Finding.Kind.STALE);
    }

    @Test
    void oldValueUnderUnrepliedWriteIsLegalAndThenTheOnlyOne() {
        Operation older = replied(Change.WRITE);
        Operation newer = begun(Change.WRITE);
        history.serverDied();
        assertThat(found(sectorOf(older))).isEmpty();
        assertThat(kinds(sectorOf(newer))).containsExactly(Finding.Kind.STALE);
    }

    @Test
    void writesInFlightTogetherMayEndInEitherOrder() {
        Operation first = begun(Change.WRITE);
        Operation second = begun(Change.WRITE);
        history.replied(second);
        history.replied(first);
        VolumeOracle.ReadStart start = volume.beginRead(SECTOR, 1);
        assertThat(volume.judge(start, sectorOf(first))).isEmpty();
        assertThat(volume.judge(start, sectorOf(second))).isEmpty();
    }

    @Test
    void repliedZeroReplacesAndRepliedTrimOnlyMay() {
        Operation write = replied(Change.WRITE);
        replied(Change.TRIM);
        VolumeOracle.ReadStart start = volume.beginRead(SECTOR, 1);
        assertThat(volume.judge(start, sectorOf(write))).isEmpty();
        assertThat(volume.judge(start, zeros())).isEmpty();
        replied(Change.ZERO);
        assertThat(kinds(sectorOf(write))).containsExactly(Finding.Kind.STALE);
    }

    @Test
    void trimSeenAsDoneMayNotComeBack() {
        Operation write = replied(Change.WRITE);
        replied(Change.TRIM);
        assertThat(found(zeros())).isEmpty();
        assertThat(kinds(sectorOf(write))).containsExactly(Finding.Kind.STALE);
    }

    @Test
    void sectorOfAnotherVolumeIsForeign() {
        VolumeOracle other = history.volume("two", 64 * Sector.BYTES);
        Operation write = history.begin(Change.WRITE, other, SECTOR, 1);
        history.replied(write);
        assertThat(kinds(sectorOf(write))).containsExactly(Finding.Kind.FOREIGN);
    }

    @Test
    void sectorOfAnotherPlaceIsMisplaced() {
        Operation write = history.begin(Change.WRITE, volume, SECTOR + 1, 1);
        history.replied(write);
        assertThat(kinds(sectorOf(write))).containsExactly(Finding.Kind.MISPLACED);
    }

    @Test
    void mixtureInsideSectorIsTorn() {
        ByteBuffer older = sectorOf(replied(Change.WRITE));
        ByteBuffer newer = sectorOf(replied(Change.WRITE));
        newer.put(256, older, 256, 256);
        assertThat(kinds(newer)).containsExactly(Finding.Kind.TORN);
    }

    @Test
    void sectorTornOnlyWhileItIsWrittenIsCounted() {
        ByteBuffer noise = zeros();
        noise.put(300, (byte) 1);
        VolumeOracle.ReadStart before = volume.beginRead(SECTOR, 1);
        replied(Change.WRITE);
        assertThat(volume.judge(before, noise)).isEmpty();
        assertThat(history.tornReads()).isEqualTo(1);
        assertThat(volume.judge(volume.beginRead(SECTOR, 1), noise))
                .extracting(Finding::kind)
                .containsExactly(Finding.Kind.TORN);
    }

    @Test
    void bytesThatNoWriteMadeAreTornAndUnknownWritesImpossible() {
        ByteBuffer noise = zeros();
        noise.put(300, (byte) 1);
        assertThat(kinds(noise)).containsExactly(Finding.Kind.TORN);
        ByteBuffer unknown = zeros();
        Sector.encode(unknown, 0, volume.number(), SECTOR, 99);
        assertThat(kinds(unknown)).containsExactly(Finding.Kind.IMPOSSIBLE);
    }

    @Test
    void cloneHoldsWhatWasRepliedBeforeAndNothingSubmittedAfter() {
        Operation before = replied(Change.WRITE);
        CloneWindow window = history.beginClone(volume, "clone");
        Operation during = replied(Change.WRITE);
        VolumeOracle clone = window.end();
        Operation after = replied(Change.WRITE);
        VolumeOracle.ReadStart start = clone.beginRead(SECTOR, 1);
        assertThat(clone.judge(start, sectorOf(before))).isEmpty();
        assertThat(clone.judge(start, sectorOf(during))).isEmpty();
        assertThat(clone.judge(start, zeros())).extracting(Finding::kind).containsExactly(Finding.Kind.LOST);
        assertThat(clone.judge(start, sectorOf(after)))
                .extracting(Finding::kind)
                .containsExactly(Finding.Kind.FOREIGN);
    }

    @Test
    void writeToCloneReplacesWhatItInheritedAndIsForeignToOrigin() {
        CloneWindow window = history.beginClone(volume, "clone");
        Operation during = begun(Change.WRITE);
        VolumeOracle clone = window.end();
        Operation own = history.begin(Change.WRITE, clone, SECTOR, 1);
        history.replied(own);
        history.replied(during);
        assertThat(clone.settle(SECTOR, sectorOf(during)))
                .extracting(Finding::kind)
                .containsExactly(Finding.Kind.STALE);

        assertThat(kinds(sectorOf(own))).containsExactly(Finding.Kind.FOREIGN);
    }

    @Test
    void cloneThatHoldsLaterWriteButNotEarlierOneIsNoPointInTime() {
        Operation base = replied(Change.WRITE);
        CloneWindow window = history.beginClone(volume, "clone");
        Operation earlier = replied(Change.WRITE);
        Operation later = history.begin(Change.WRITE, volume, SECTOR + 1, 1);
        history.replied(later);
        window.end();
        assertThat(window.contradiction(clone(earlier.seq(), later.seq()))).isEmpty();
        assertThat(window.contradiction(clone(earlier.seq(), 0))).isEmpty();
        assertThat(window.contradiction(clone(base.seq(), 0))).isEmpty();
        assertThat(window.contradiction(clone(base.seq(), later.seq()))).isPresent();
    }

    private static long[] clone(long atSector, long atNextSector) {
        long[] seqs = new long[64];
        seqs[SECTOR] = atSector;
        seqs[SECTOR + 1] = atNextSector;
        return seqs;
    }

    private Operation begun(Change change) {
        return history.begin(change, volume, SECTOR, 1);
    }

    private Operation replied(Change change) {
        Operation operation = begun(change);
        history.replied(operation);
        return operation;
    }

    private static ByteBuffer zeros() {
        return ByteBuffer.allocate(Sector.BYTES);
    }

    private static ByteBuffer sectorOf(Operation write) {
        ByteBuffer buffer = zeros();
        Sector.encode(buffer, 0, write.oracle().number(), write.firstSector(), write.seq());
        return buffer;
    }

    private List<Finding> found(ByteBuffer sector) {
        return volume.settle(SECTOR, sector);
    }

    private List<Finding.Kind> kinds(ByteBuffer sector) {
        return found(sector).stream().map(Finding::kind).toList();
    }
}
