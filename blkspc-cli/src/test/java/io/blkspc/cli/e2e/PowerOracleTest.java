package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.cli.e2e.History.Change;
import io.blkspc.cli.e2e.History.Operation;
import io.blkspc.cli.e2e.PowerOracle.DataPath;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The oracle of power cuts takes a mixture inside a sector for legal where the page cache can make one, and nowhere else. */
class PowerOracleTest {

    private static final int SECTORS = 8;
    private static final int SECTOR = 5;

    private final History history = History.keepingRequests();
    private final long begin = history.now();
    private final VolumeOracle volume = history.volume("one", SECTORS * Sector.BYTES);
    private final long end = history.now();

    @Test
    void overwriteThatIsNotDurableMayBeMixedWithWhatItOverwrites() {
        Operation durable = replied();
        flush();
        Operation later = replied();
        assertThat(found(DataPath.PAGE_CACHE, mixed(durable, later))).isEmpty();
        assertThat(found(DataPath.PAGE_CACHE, mixed(later, durable))).isEmpty();
    }

    @Test
    void aroundThePageCacheNothingIsMixed() {
        Operation durable = replied();
        flush();
        Operation later = replied();
        assertThat(found(DataPath.DIRECT, mixed(durable, later))).containsExactly(Finding.Kind.TORN);
    }

    @Test
    void whatAFlushCoversIsWhole() {
        Operation first = replied();
        Operation second = replied();
        flush();
        assertThat(found(DataPath.PAGE_CACHE, mixed(first, second))).containsExactly(Finding.Kind.TORN);
    }

    @Test
    void writesInFlightTogetherAreWholeOnceTheyAreDurable() {
        Operation first = begun();
        Operation second = begun();
        history.replied(first);
        history.replied(second);
        assertThat(found(DataPath.PAGE_CACHE, mixed(first, second))).isEmpty();
        flush();
        assertThat(found(DataPath.PAGE_CACHE, mixed(first, second))).containsExactly(Finding.Kind.TORN);
    }

    @Test
    void replacedWriteIsInNoMixture() {
        Operation replaced = replied();
        replied();
        flush();
        Operation later = begun();
        assertThat(found(DataPath.PAGE_CACHE, mixed(replaced, later))).containsExactly(Finding.Kind.TORN);
    }

    @Test
    void bytesOfNoWriteAreInNoMixture() {
        ByteBuffer damaged = mixed(replied(), begun());
        assertThat(found(DataPath.PAGE_CACHE, damaged)).isEmpty();
        damaged.put(SECTOR * Sector.BYTES + 100, (byte) ~damaged.get(SECTOR * Sector.BYTES + 100));
        assertThat(found(DataPath.PAGE_CACHE, damaged)).containsExactly(Finding.Kind.TORN);
    }

    @Test
    void versionThatIsThereHasNoMixtureOfWritesToItsOrigin() {
        Operation before = replied();
        long command = history.now();
        CloneWindow window = history.beginClone(volume, "clone");
        Operation during = replied();
        long made = history.now();
        PowerOracle clone = new PowerOracle(history, DataPath.PAGE_CACHE, window.end(), volume, command, made);
        ByteBuffer mixture = mixed(before, during);
        assertThat(kinds(clone.judge(made, mixture))).isEmpty();
        assertThat(kinds(clone.judge(history.now(), mixture))).containsExactly(Finding.Kind.TORN);
    }

    private void flush() {
        long asked = history.now();
        history.persisted(volume, asked);
    }

    private Operation begun() {
        return history.begin(Change.WRITE, volume, SECTOR, 1);
    }

    private Operation replied() {
        Operation operation = begun();
        history.replied(operation);
        return operation;
    }

    private List<Finding.Kind> found(DataPath path, ByteBuffer data) {
        return kinds(new PowerOracle(history, path, volume, null, begin, end).judge(history.now(), data));
    }

    private static List<Finding.Kind> kinds(List<Finding> findings) {
        return findings.stream().map(Finding::kind).toList();
    }

    /** A volume of zeros but for one sector, which begins as the one write made it and ends as the other did. */
    private static ByteBuffer mixed(Operation head, Operation tail) {
        ByteBuffer data = ByteBuffer.allocate(SECTORS * Sector.BYTES);
        data.put(SECTOR * Sector.BYTES, Load.payload(head), 0, 192);
        data.put(SECTOR * Sector.BYTES + 192, Load.payload(tail), 192, Sector.BYTES - 192);
        return data;
    }
}
