package io.blkspc.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.cli.action.RepairResult;
import io.blkspc.cli.pool.ModelAccess;
import io.blkspc.cli.pool.PoolAccess.Mode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every command on a pool nobody holds: what it prints, its JSON, its exit code. */
class CommandsTest {

    private static final Path POOL = Path.of("/model/pool");

    private final ModelAccess access = new ModelAccess();
    private final CommandRun command = new CommandRun(access, POOL);

    @BeforeEach
    void makePool() {
        command.ok("pool", "create", "--size", "64M");
    }

    @Test
    void createMakesAnEmptyVolume() {
        CommandRun.Result result = command.ok("create", "disk1", "-s", "1.5G", "--json");

        assertThat(result.object()).containsEntry("name", "disk1").containsEntry("type", "volume");
        assertThat(((Number) result.object().get("size")).longValue()).isEqualTo(3L << 29);
        assertThat(result.err()).isEmpty();
    }

    @Test
    void listHasTheNamesScriptsRelyOn() {
        command.ok("create", "disk1", "-s", "1G");
        command.ok("snapshot", "disk1@s1");

        List<Map<String, Object>> listed = command.ok("ls", "--json").array();

        assertThat(listed).extracting(version -> version.get("name")).containsExactly("disk1", "disk1@s1");
        assertThat(listed.getFirst())
                .containsOnlyKeys(
                        "name",
                        "type",
                        "size",
                        "used",
                        "exclusive",
                        "referenced",
                        "reserved",
                        "origin",
                        "created",
                        "readonly");
        assertThat(listed.get(1)).containsEntry("readonly", true).containsEntry("type", "snapshot");
    }

    @Test
    void listShowsSizesForPeopleOrExactly() {
        command.ok("create", "disk1", "-s", "1G");

        assertThat(command.ok("list", "-o", "name,size").out()).isEqualTo("NAME   SIZE\ndisk1    1G\n");
        assertThat(command.ok("list", "-o", "name,size", "--bytes").out())
                .isEqualTo("NAME         SIZE\ndisk1  1073741824\n");
    }

    @Test
    void listSortsAndFilters() {
        command.ok("create", "a", "-s", "3M");
        command.ok("create", "b", "-s", "1M");
        command.ok("snap", "a@s");

        assertThat(command.ok("ls", "-t", "volume", "-s", "size", "--json").array())
                .extracting(version -> version.get("name"))
                .containsExactly("b", "a");
        command.run("ls", "-t", "tape").exits(2);
        command.run("ls", "-o", "colour").exits(2);
    }

    @Test
    void listOfAnEmptyPoolIsEmpty() {
        assertThat(command.ok("list").out()).isEmpty();
        assertThat(command.ok("list", "--json").array()).isEmpty();
    }

    @Test
    void treeShowsWhatComesFromWhat() {
        command.ok("create", "base", "-s", "1M");
        command.ok("snap", "base@s1");
        command.ok("clone", "base@s1", "one", "two");

        assertThat(command.ok("list", "--tree").out())
                .isEqualTo("base\n\u2514\u2500 base@s1\n   \u251c\u2500 one\n   \u2514\u2500 two\n");
    }

    @Test
    void poolGrows() {
        assertThat(command.ok("pool", "grow", "-s", "128M", "--json").object())
                .containsEntry("size", 128 << 20)
                .containsEntry("free", 128 << 20);
        assertThat(command.ok("pool", "grow", "--size", "128M").out()).isEqualTo("the pool has 128M now, 128M free\n");
        command.run("pool", "grow", "--size", "64M").exits(2);
        command.run("pool", "grow", "--size", "1000").exits(2);
        command.run("pool", "grow").exits(2);
    }

    @Test
    void volumeIsResized() {
        command.ok("create", "a", "-s", "4M");
        assertThat(command.ok("resize", "a", "-s", "8M").out()).isEqualTo("a has 8M now\n");
        assertThat(command.ok("resize", "a", "-s", "+1M", "--json").object()).containsEntry("size", 9 << 20);
        command.run("resize", "a", "-s", "-1M").exits(2);
        assertThat(command.ok("resize", "a", "-s", "-1M", "--shrink").out()).isEqualTo("a has 8M now\n");
        command.run("resize", "a", "--size=-8M", "--shrink").exits(2);
        command.run("resize", "a", "-s", "+16T").exits(2);
        command.run("resize", "a").exits(2);
        command.run("resize", "a@s", "-s", "8M").exits(2);
        command.run("resize", "b", "-s", "8M").exits(3);
        command.ok("create", "g", "-s", "1M", "--reserve", "full");
        command.run("resize", "g", "-s", "1G").exits(28);
        assertThat(command.ok("info", "g", "--json").object()).containsEntry("size", 1 << 20);
    }

    @Test
    void heldSnapshotStays() {
        command.ok("create", "a", "-s", "1M");
        command.ok("snapshot", "a@s");
        assertThat(command.ok("hold", "backup", "a@s").out()).isEqualTo("held a@s, tags: [backup]\n");
        assertThat(command.ok("info", "a@s", "--json").object()).containsEntry("holds", List.of("backup"));
        command.run("destroy", "a@s").exits(5);
        command.run("destroy", "a@s", "--force").exits(5);
        assertThat(command.run("destroy", "-n", "a@s").exits(5).err())
                .isEqualTo("blkspc: snapshot is held: name=a@s, tags=[backup]\n");
        assertThat(command.run("hold", "a tag", "a@s").exits(2).err()).startsWith("blkspc: not a tag: value=a tag (");
        command.run("hold", "backup", "a@s").exits(3);
        command.run("hold", "backup", "a").exits(2);
        command.run("release", "other", "a@s").exits(3);
        assertThat(command.ok("release", "backup", "a@s").out()).isEqualTo("released a@s, tags: []\n");
        command.ok("destroy", "a@s");
    }

    @Test
    void jobsAreListedAndWaitedFor() {
        command.ok("create", "a", "-s", "1M");
        command.ok("destroy", "a");
        assertThat(command.ok("jobs", "wait", "--json").array()).isEmpty();
        assertThat(command.ok("jobs").out()).isEmpty();
        command.run("jobs", "wait", "7").exits(3);
        command.run("jobs", "stop").exits(2);
        command.run("jobs", "wait", "0").exits(2);
        command.run("jobs", "wait", "x").exits(2);
    }

    @Test
    void diffTellsWhatChanged() {
        command.ok("create", "a", "-s", "1M");
        command.ok("snapshot", "a@s");
        assertThat(command.ok("diff", "a", "--from", "s", "--json").array()).isEmpty();
        command.run("diff", "a", "--from", "missing").exits(3);
        command.run("diff", "a", "--from", "@").exits(2);
        assertThat(command.ok("diff", "a", "--from", "a@s", "--json").array()).isEmpty();
        assertThat(command.run("diff", "a", "--from", "b@s").exits(2).err())
                .isEqualTo("blkspc: not a snapshot of the volume: value=b@s, volume=a\n");
    }

    @Test
    void volumeIsRenamedAndRolledBack() {
        command.ok("create", "a", "-s", "1M");
        command.ok("snapshot", "a@s");

        assertThat(command.ok("rename", "a", "b").out()).isEqualTo("renamed a to b\n");
        assertThat(command.ok("rollback", "b@s", "--keep-as", "c").out()).isEqualTo("b is b@s again\n");
        assertThat(command.ok("list", "--json").array())
                .extracting(version -> version.get("name"))
                .containsExactly("b", "b@s", "c");

        command.run("rename", "a", "d").exits(3);
        command.run("rename", "b", "c").exits(3);
        command.run("rename", "b", "d@s").exits(2);
        command.run("rollback", "b").exits(2);
        command.run("rollback", "b@t").exits(3);
    }

    @Test
    void destroyTellsFirstWhatItWouldFree() {
        command.ok("create", "disk1", "-s", "1G");

        assertThat(command.ok("destroy", "-n", "disk1").out()).isEqualTo("would free 0\n");
        assertThat(command.ok("destroy", "-n", "disk1", "--json").object()).containsEntry("frees", 0);
        assertThat(command.ok("list").out()).contains("disk1");
        command.run("destroy", "-n", "disk1", "nobody").exits(3);
    }

    @Test
    void snapshotOfSeveralIsOneGroup() {
        command.ok("create", "a", "-s", "1M");
        command.ok("create", "b", "-s", "1M");

        assertThat(command.ok("snapshot", "a@s", "b@s", "--json").array())
                .extracting(version -> version.get("name"))
                .containsExactly("a@s", "b@s");

        command.run("snapshot", "a@t", "missing@t").exits(3);
        assertThat(command.run("info", "a@t").exits(3).err()).startsWith("blkspc: ");
    }

    @Test
    void cloneTellsHowLongItTook() {
        command.ok("create", "a", "-s", "1M");

        assertThat(command.ok("clone", "a", "b").out()).matches("created b from a in [0-9.]+ (\u00b5s|ms|s)\n");
        assertThat(command.ok("clone", "a", "c", "d", "--json").array())
                .allSatisfy(
                        made -> assertThat(made).containsEntry("origin", "a").containsKey("elapsed_us"));
    }

    @Test
    void reserveGuaranteesAndLimitLimits() {
        Map<String, Object> made = command.ok("create", "g", "-s", "4M", "--reserve", "full", "--limit", "8M", "--json")
                .object();
        assertThat(made)
                .containsEntry("guarantee", 4 << 20)
                .containsEntry("limit", 8 << 20)
                .containsEntry("reserved", 4 << 20);
        assertThat(command.ok("create", "h", "-s", "4M", "--reserve", "1M").out())
                .isEqualTo("created h, size 4M, guaranteed 1M\n");
        assertThat(command.ok("clone", "g", "c", "--reserve", "2M", "--json")
                        .array()
                        .getFirst())
                .containsEntry("guarantee", 2 << 20)
                .containsEntry("limit", null);
        assertThat(command.ok("info", "g").out()).contains("guarantee     4M\n").contains("limit         8M\n");
        assertThat(command.ok("reservations", "--json").array())
                .extracting(one -> one.get("volume") + " " + one.get("kind") + " " + one.get("held"))
                .containsExactly("c guarantee 2097152", "g guarantee 4194304", "h guarantee 1048576");
        assertThat(command.ok("reservations").out().lines())
                .hasSize(4)
                .anyMatch(line -> line.matches("g +guarantee +4M +4M +- +- +- +- +-"));
    }

    @Test
    void whatCannotBeGuaranteedIsRefusedWithItsExitCodeAndChangesNothing() {
        command.ok("create", "a", "-s", "100M");

        CommandRun.Result result =
                command.run("clone", "a", "b", "--reserve", "full").exits(28);

        assertThat(result.err()).startsWith("blkspc: No space left in pool").hasLineCount(1);
        command.run("create", "b", "-s", "65M", "--reserve", "full").exits(28);
        command.run("info", "b").exits(3);
        command.run("create", "b", "-s", "1M", "--reserve", "1M", "--limit", "512K")
                .exits(2);
        command.run("create", "b", "-s", "1M", "--reserve", "half").exits(2);
    }

    @Test
    void infoAddsItsOwnNames() {
        command.ok("create", "a", "-s", "1M");

        assertThat(command.ok("info", "a", "--json").object())
                .containsKeys("mapped", "guarantee", "limit", "clones", "connections", "uuid");
        assertThat(command.ok("info", "a").out()).contains("size          1M\n");
    }

    @Test
    void destroyRemovesInAnyOrder() {
        command.ok("create", "a", "-s", "1M");
        command.ok("snap", "a@s");
        command.ok("clone", "a@s", "b");

        assertThat(command.ok("rm", "a", "a@s", "--wait", "--json").object())
                .containsEntry("destroyed", List.of("a", "a@s"))
                .containsEntry("reclaimed", true);
        assertThat(command.ok("ls", "--json").array())
                .extracting(version -> version.get("name"))
                .containsExactly("b");
    }

    @Test
    void statusHasTheNamesScriptsRelyOn() {
        assertThat(command.ok("pool", "status", "--json").object())
                .containsKeys(
                        "size",
                        "allocated",
                        "free",
                        "reserved",
                        "promised",
                        "metadata_total",
                        "metadata_used",
                        "volumes",
                        "snapshots",
                        "clean",
                        "recovery_ms")
                .containsEntry("state", "clean")
                .containsEntry("read_errors", 0)
                .containsEntry("needs_check", false);
    }

    @Test
    void checkTellsDamageByItsExitCode() {
        assertThat(command.ok("pool", "check").out()).isEqualTo("clean: versions=2, nodes=3, extents=4, blocks=5\n");
        access.damage(List.of("node 7 is missing"));

        CommandRun.Result result = command.run("pool", "check", "--json").exits(4);

        assertThat(result.object())
                .containsEntry("clean", false)
                .containsEntry("findings", List.of("node 7 is missing"));
        assertThat(result.err().lines()).hasSize(1);
    }

    @Test
    void duTellsWhatIsSharedAndWhatIsNot() {
        command.ok("create", "space", "-s", "1M", "--reserve", "full");
        command.ok("snapshot", "space@s");
        assertThat(command.ok("du", "space", "--json").array())
                .extracting(each -> each.get("name"))
                .containsExactly("space", "space@s");
        assertThat(command.ok("du", "space@s", "--json").array().getFirst())
                .containsEntry("referenced", 0)
                .containsEntry("exclusive", null)
                .containsEntry("shared", null)
                .containsEntry("reserved", 0);
        assertThat(command.ok("du", "space@s").out()).containsPattern("space@s +0 +- +- +0");
        assertThat(command.ok("du", "space", "--bytes").out())
                .contains("REFERENCED")
                .contains("1048576");
        command.run("du", "nothing").exits(3);
    }

    @Test
    void whatOnlyASnapshotHoldsIsNotGuessed() {
        command.ok("create", "v", "-s", "1M");
        command.ok("snapshot", "v@s");
        assertThat(command.ok("info", "v@s", "--json").object())
                .containsEntry("exclusive", null)
                .containsEntry("used", null);
        assertThat(command.ok("info", "v@s").out()).containsPattern("exclusive +-\n");
        assertThat(command.ok("list", "-o", "name,exclusive,used", "-s", "exclusive")
                        .out())
                .isEqualTo("NAME  EXCLUSIVE  USED\nv@s           -     -\nv             0     0\n");
        assertThat(command.ok("destroy", "-n", "v@s").out()).isEqualTo("would free 0\n");
    }

    @Test
    void deepCheckTellsWhatItRead() {
        assertThat(command.ok("pool", "check", "--deep").out())
                .isEqualTo("clean: versions=2, nodes=3, extents=4, blocks=5, read=0\n");
    }

    @Test
    void dumpAndRestoreNeedAFileAndTellWhatIsInIt() {
        command.run("pool", "dump").exits(2);
        command.run("pool", "restore").exits(2);
        assertThat(command.ok("pool", "dump", "-").out()).startsWith("[");
        assertThat(command.run("pool", "restore", "-").exits(3).err()).contains("pool exists");
    }

    @Test
    void restoreThatIsNotCheckedSaysSo() {
        CommandRun restored = new CommandRun(access, Path.of("/model/restored"));
        assertThat(restored.ok("pool", "restore", "-", "--json").object()).containsEntry("checked", true);
        access.shortenMemory();
        CommandRun other = new CommandRun(access, Path.of("/model/other"));
        assertThat(other.ok("pool", "restore", "-").out()).isEqualTo("""
                        restored pool /model/other: volumes=1, snapshots=0, data=4K
                        not checked: too many extents to check in this memory
                        """);
        CommandRun third = new CommandRun(access, Path.of("/model/third"));
        assertThat(third.ok("pool", "restore", "-", "--json").object()).containsEntry("checked", false);
    }

    @Test
    void repairNeverWritesIntoTheDamagedPoolByWhateverName(@TempDir Path directory) throws IOException {
        Path pool = Files.createDirectories(directory.resolve("pool/sub")).getParent();
        Path link = Files.createSymbolicLink(directory.resolve("link"), pool.resolve("sub"));
        CommandRun here = new CommandRun(access, pool);
        here.ok("pool", "create", "--size", "64M");
        String inside = link.resolve("deep/new").toString();
        String outside = directory.resolve("new").toString();

        assertThat(here.run("pool", "repair", "--to", inside).exits(2).err())
                .isEqualTo("blkspc: lies in the damaged pool: path=" + inside + ", pool=" + pool + "\n");
        here.run("pool", "repair", "--to", link.toString()).exits(2);
        here.run("pool", "repair", "--to", outside, "--data", inside).exits(2);
        here.ok("pool", "repair", "--to", outside);
    }

    @Test
    void repairListsWhatIsLostAndTellsItByItsExitCode() {
        assertThat(command.ok("pool", "repair", "--to", "/model/new").out())
                .isEqualTo("repaired pool /model/new: volumes=1, snapshots=0, copied=4K, losses=0\n");
        command.run("pool", "repair").exits(2);
        assertThat(command.run("pool", "repair", "--to", "/model/pool/new")
                        .exits(2)
                        .err())
                .isEqualTo("blkspc: lies in the damaged pool: path=/model/pool/new, pool=/model/pool\n");
        command.run("pool", "repair", "--to", "/model/new", "--data", "/model/pool/data2")
                .exits(2);
        access.lose(new RepairResult.Lost("vm", 8192, 4096, "block cannot be read"));

        CommandRun.Result told =
                command.run("pool", "repair", "--to", "/model/new").exits(4);
        assertThat(told.out()).startsWith("lost vm offset=8192 length=4096: block cannot be read\n");
        assertThat(told.err().lines()).hasSize(1);
        assertThat(command.run("pool", "repair", "--to", "/model/new", "--json")
                        .exits(4)
                        .object())
                .containsEntry("complete", false)
                .containsEntry(
                        "losses",
                        List.of(Map.of(
                                "volume", "vm", "offset", 8192, "length", 4096, "reason", "block cannot be read")));
    }

    @Test
    void poolInUseIsNeitherMadeAgainNorChecked() {
        access.hold(POOL, Mode.OFFLINE, null);

        command.run("pool", "check").exits(5);
        command.run("pool", "create", "-s", "64M").exits(5);
    }

    @ParameterizedTest
    @CsvSource({
        "EXISTS, 3",
        "NOT_FOUND, 3",
        "NEEDS_CHECK, 4",
        "CORRUPT, 4",
        "OUT_OF_SPACE, 28",
        "OUT_OF_BACKING, 28",
        "FAILED, 6",
        "IO, 6",
        "TOO_NEW, 1",
        "LIMIT, 1"
    })
    void failuresOfThePoolHaveTheirExitCodes(Code code, int exitCode) {
        access.failOpen(new BlockSpaceException(code, "it failed: fact=1"));

        CommandRun.Result result = command.run("create", "a", "-s", "1M").exits(exitCode);

        assertThat(result.err()).isEqualTo("blkspc: it failed: fact=1\n");
        assertThat(result.out()).isEmpty();
    }

    @Test
    void anErrorOfTheMediumLeavesNothingUnknownWhereNothingChanges() {
        access.failOpen(new BlockSpaceException(Code.IO, "it failed"));

        command.run("list").exits(1);
    }

    @Test
    void statusOfADamagedPoolSaysSoInJson() {
        access.failOpen(new BlockSpaceException(Code.NEEDS_CHECK, "journal is damaged: sequence=7"));

        CommandRun.Result result = command.run("pool", "status", "--json").exits(4);

        assertThat(result.object()).containsEntry("state", "needs-check").containsEntry("needs_check", true);
        assertThat(result.err()).isEqualTo("blkspc: journal is damaged: sequence=7\n");
    }

    @Test
    void outOfSpaceHasItsText() {
        command.ok("pool", "create", "-p", "/model/tiny", "--size", "64K");

        CommandRun.Result result =
                command.stdin(new byte[0]).run("import", "-p", "/model/tiny", "-", "big", "--size", "1M");
        result.exits(0);
        CommandRun.Result full =
                command.stdin(noise(1 << 20)).run("import", "-p", "/model/tiny", "-", "full", "--size", "1M");

        assertThat(full.exits(28).err())
                .startsWith("blkspc: No space left in pool: ")
                .contains("=");
        assertThat(command.ok("ls", "-p", "/model/tiny", "--json").array())
                .extracting(version -> version.get("name"))
                .containsExactly("big");
    }

    static byte[] noise(int count) {
        byte[] bytes = new byte[count];
        new java.util.Random(7).nextBytes(bytes);
        return bytes;
    }

    @ParameterizedTest
    @CsvSource({
        "create|a|-s|0",
        "create|a|-s|4097",
        "create|a|-s|17T",
        "create|a|-s|99999999999999999T",
        "create|a|-s|-4K",
        "create|a|-s|1.0001K",
        "create|.a|-s|1M",
        "create|a@b|-s|1M",
        "snapshot|a",
        "snapshot|a@",
        "clone|a|b@c",
        "info|a@b@c",
        "destroy|",
        "map|a|--start|x",
        "create|a",
        "create|-s|1M",
        "frob",
        "list|--frob",
        "pool",
        "pool|frob",
        "import|-|a",
        "import|-|a|-f|qcow2",
        "export|a|-|--json",
        "completion|tcsh"
    })
    void wrongWordsAreTheUsersInOneLine(String words) {
        command.ok("create", "a", "-s", "1M");

        CommandRun.Result result = command.run(words.split("\\|", -1)).exits(2);

        assertThat(result.err()).startsWith("blkspc: ");
        assertThat(result.err().lines()).hasSize(1);
        assertThat(result.out()).isEmpty();
    }

    @Test
    void takenNameIsNotMadeAgain() {
        command.ok("create", "a", "-s", "1M");
        command.ok("snap", "a@s");

        command.run("create", "a", "-s", "1M").exits(3);
        command.run("snap", "a@s").exits(3);
        command.run("clone", "a", "a").exits(3);
        command.run("pool", "create", "-s", "64M").exits(3);
    }

    @Test
    void missingThingsAreNotFound() {
        command.run("info", "a").exits(3);
        command.run("destroy", "a").exits(3);
        command.run("map", "a").exits(3);
        command.run("export", "a", "-").exits(3);
        command.run("list", "-p", "/model/none").exits(3);
    }

    @Test
    void poolOptionStandsBeforeOrAfterTheWord() {
        command.ok("pool", "create", "-p", "/model/other", "-s", "64M");
        command.ok("-p", "/model/other", "create", "a", "-s", "1M");

        assertThat(command.ok("list", "--pool=/model/other", "--json").array()).hasSize(1);
        assertThat(command.ok("--json", "list").array()).isEmpty();
    }

    @Test
    void traceOnlyWhenAskedFor() {
        access.failOpen(new BlockSpaceException(Code.FAILED, "it failed"));

        assertThat(command.run("list").err().lines()).hasSize(1);
        assertThat(command.run("list", "-v").err()).contains("at io.blkspc");
    }

    @Test
    void stopWithoutAServerHasTakenEffectAlready() {
        assertThat(command.ok("stop", "--json").object()).containsEntry("stopped", false);
    }

    @Test
    void doctorTellsEveryThingByName() {
        assertThat(command.run("doctor", "--json").array())
                .allSatisfy(finding -> assertThat(finding).containsOnlyKeys("name", "ok", "needed", "facts", "purpose"))
                .extracting(finding -> finding.get("name"))
                .contains(
                        "JDK 25",
                        "kernel nbd",
                        "attach",
                        "nbd-client",
                        "fuse",
                        "libfuse3",
                        "O_DIRECT",
                        "fallocate",
                        "free space");
    }

    @ParameterizedTest
    @CsvSource({"bash", "zsh", "fish"})
    void completionKnowsTheCommands(String shell) {
        assertThat(command.ok("completion", shell).out())
                .contains("snapshot")
                .contains("--allow-unreserved".substring(2));
    }
}
