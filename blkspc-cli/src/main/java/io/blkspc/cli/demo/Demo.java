package io.blkspc.cli.demo;

import io.blkspc.cli.action.CheckResult;
import io.blkspc.cli.action.Operation;
import io.blkspc.cli.doctor.Programs;
import io.blkspc.cli.image.NbdClient;
import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.outcome.ExitCode;
import io.blkspc.cli.pool.PoolAccess;
import io.blkspc.cli.pool.PoolAccess.NewPool;
import io.blkspc.cli.pool.PoolDoor;
import io.blkspc.cli.pool.PoolLocation;
import io.blkspc.cli.pool.ServedLink;
import io.blkspc.cli.text.Json;
import io.blkspc.cli.text.Sizes;
import io.blkspc.cli.text.Terminal;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The whole story. One instance tells it once. */
public final class Demo {

    /**
     * How to tell it.
     *
     * @param access the host
     * @param directory empty directory for everything; its user removes it
     * @param poolBytes capacity of the pool
     * @param variables environment variables
     * @param out where to tell it, or {@code null} to tell nothing
     * @param terminal what {@code out} can show
     */
    public record Stage(
            PoolAccess access,
            Path directory,
            long poolBytes,
            Map<String, String> variables,
            PrintStream out,
            Terminal terminal) {}

    private static final String ORIGIN = "vm";
    private static final String CLONE = "vm-test";
    private static final int APPEND_BLOCKS = 8192;
    private static final long VOLUME_BYTES = DemoImage.SIZE_BYTES + (long) APPEND_BLOCKS * Blocks.BYTES;
    private static final int APPENDS_BEFORE_CLONE = 100;
    private static final int APPENDS_BEFORE_KILL = 300;

    private final Stage stage;
    private final Narrator narrator;
    private final Tools tools;
    private final PoolLocation location;
    private final Path log;
    private final Appender appender;
    private DemoImage image;
    private ServerChild server;
    private BitSet changed;

    private Demo(Stage stage) {
        this.stage = stage;
        this.narrator = new Narrator(stage.out(), stage.terminal());
        this.tools = new Tools(new Programs(stage.variables()));
        this.location = PoolLocation.of(stage.directory().resolve("pool").toString(), stage.variables());
        this.log = stage.directory().resolve("server.log");
        this.appender = new Appender(location.nbdSocket(), ORIGIN, DemoImage.SIZE_BYTES, APPEND_BLOCKS);
    }

    /**
     * Tells the story. The pool is left in the directory {@code pool}, clean and served by nobody.
     *
     * @return the steps with their figures
     * @throws CommandFailure when something is not as it must be
     */
    public static List<Map<String, Object>> tell(Stage stage) throws IOException {
        Demo demo = new Demo(stage);
        Thread lastAct = new Thread(demo::closeServer);
        Runtime.getRuntime().addShutdownHook(lastAct); // Ctrl-C leaves no server behind; its pool is thrown away anyway
        try {
            demo.tell();
            return demo.narrator.steps();
        } finally {
            demo.closeServer();
        }
    }

    private void tell() throws IOException {
        makePool();
        startServer();
        makeVolume();
        cloneLive();
        changeClone();
        compare();
        killAndRecover();
        verify();
        destroyOrigin();
        stopAndCheck();
    }

    private void makePool() {
        stage.access().create(location.directory(), new NewPool(stage.poolBytes(), null, 0, false, false));
        narrator.step("pool", Sizes.human(stage.poolBytes()) + ", its space taken now so that it cannot run out later");
    }

    private void startServer() throws IOException {
        server = ServerChild.start(location.directory(), log);
        narrator.step("serve", "blkspc serve, in a process of its own, pid " + server.pid(), "pid", server.pid());
        narrator.more(server.uri());
    }

    private void makeVolume() throws IOException {
        image = DemoImage.make(tools, stage.directory());
        narrator.step("image", Sizes.human(DemoImage.SIZE_BYTES) + " of " + image.description());
        BitSet data = Blocks.withData(image.original());
        try (ServedLink link = link();
                NbdClient client = client(ORIGIN, link)) {
            Blocks.write(client, image.original(), data);
            long mapped = infoOf(link, ORIGIN, "mapped");
            require(mapped == bytes(data), "mapped bytes are wrong: expected=" + bytes(data) + ", mapped=" + mapped);
            narrator.step(
                    "volume",
                    "'" + ORIGIN + "': the image written over NBD, " + blocks(data) + ", " + Sizes.human(mapped),
                    "mapped",
                    mapped);
        }
    }

    /** Makes the volume, then connects. */
    private NbdClient client(String newVolume, ServedLink link) {
        var _ = link.run(Operation.CREATE, Map.of("name", newVolume, "size", VOLUME_BYTES));
        return connect(newVolume);
    }

    private void cloneLive() {
        appender.start();
        appender.awaitReplied(APPENDS_BEFORE_CLONE);
        narrator.begin();
        try (ServedLink link = link()) {
            int before = appender.replied();
            Object made = link.run(Operation.CLONE, Map.of("source", ORIGIN, "targets", List.of(CLONE)));
            int after = appender.sent();
            long micros = Json.asLong(Json.asObjects(made).getFirst().get("elapsed_us"));
            long exclusive = infoOf(link, CLONE, "exclusive");
            require(exclusive == 0, "a fresh clone has blocks of its own: exclusive=" + exclusive);
            appender.stop();
            int held;
            try (NbdClient client = connect(CLONE)) {
                held = appender.count(client, CLONE);
            }
            require(
                    before <= held && held <= after,
                    "the clone is not one moment: before=" + before + ", held=" + held + ", after=" + after);
            narrator.step(
                    "clone",
                    "'" + CLONE + "' of '" + ORIGIN + "' in " + duration(micros) + ", while a client writes to '"
                            + ORIGIN + "'",
                    "clone_us",
                    micros,
                    "exclusive",
                    exclusive);
            narrator.checked("it is one moment: the client's first " + held + " writes, none later");
            narrator.checked("it takes 0 bytes of its own");
        }
    }

    private void changeClone() throws IOException {
        String how = image.change();
        changed = Blocks.difference(image.original(), image.changed());
        require(!changed.isEmpty(), "the change changed nothing");
        try (NbdClient client = connect(CLONE)) {
            Blocks.write(client, image.changed(), changed);
        }
        narrator.step(
                "change",
                "'" + CLONE + "': " + how + "; " + blocks(changed) + " over NBD",
                "changed_blocks",
                changed.cardinality());
    }

    private void compare() throws IOException {
        try (ServedLink link = link();
                NbdClient origin = connect(ORIGIN);
                NbdClient clone = connect(CLONE)) {
            Blocks.requireEqual(origin, ORIGIN, image.original());
            Blocks.requireEqual(clone, CLONE, image.changed());
            BitSet different = Blocks.difference(origin, clone, DemoImage.SIZE_BYTES);
            require(
                    different.equals(changed),
                    "origin and clone differ in the wrong blocks: expected=" + changed.cardinality() + ", found="
                            + different.cardinality());
            long exclusive = infoOf(link, CLONE, "exclusive");
            require(
                    exclusive == bytes(changed),
                    "exclusive bytes are wrong: expected=" + bytes(changed) + ", exclusive=" + exclusive);
            narrator.step("compare", "every block of both, read over NBD", "exclusive", exclusive);
            narrator.checked("'" + ORIGIN + "' is what it was");
            narrator.checked("'" + CLONE + "' differs in exactly those " + changed.cardinality() + " blocks of "
                    + count(DemoImage.SIZE_BYTES / Blocks.BYTES));
            narrator.checked(
                    "its exclusive bytes: " + count(exclusive) + " = " + changed.cardinality() + " x 4096, exact");
        }
    }

    private void killAndRecover() throws IOException {
        int goal = appender.replied() + APPENDS_BEFORE_KILL;
        appender.start();
        appender.awaitReplied(goal);
        narrator.begin();
        server.killHard();
        appender.join();
        narrator.step(
                "kill -9",
                "the server, while a client writes; nobody had asked for a flush",
                "replied",
                appender.replied());
        server = ServerChild.start(location.directory(), log);
        try (ServedLink link = link()) {
            Map<String, Object> status = Json.asObject(link.run(Operation.STATUS, Map.of()));
            require(
                    Boolean.FALSE.equals(status.get("clean")),
                    "the pool says it was closed cleanly, but it was killed");
            long millis = Json.asLong(status.get("recovery_ms"));
            narrator.step(
                    "reopen",
                    "a new server; it recovered the pool by itself in " + millis + " ms",
                    "recovery_ms",
                    millis);
        }
    }

    private void verify() throws IOException {
        boolean isChecked;
        int held;
        try (NbdClient origin = connect(ORIGIN);
                NbdClient clone = connect(CLONE)) {
            Blocks.requireEqual(origin, ORIGIN, image.original());
            Blocks.requireEqual(clone, CLONE, image.changed());
            held = appender.count(origin, ORIGIN);
            require(
                    appender.replied() <= held && held <= appender.sent(),
                    "a write is lost: replied=" + appender.replied() + ", found=" + held);
            isChecked = checkFileSystem(origin) && checkFileSystem(clone);
        }
        narrator.step("verify", "every byte of both again", "held", held);
        narrator.checked("all " + count(2 * DemoImage.SIZE_BYTES) + " bytes of both images are right");
        narrator.checked("all " + appender.replied() + " answered writes are there");
        if (isChecked) {
            narrator.checked("e2fsck -fn: both file systems are clean");
        }
    }

    private boolean checkFileSystem(NbdClient client) throws IOException {
        if (!image.isFileSystem()) {
            return false;
        }
        Path saved = stage.directory().resolve("saved.img");
        Blocks.save(client, DemoImage.SIZE_BYTES, saved);
        boolean isChecked = image.check(saved);
        Files.delete(saved); // the next one needs its space
        return isChecked;
    }

    private void destroyOrigin() throws IOException {
        try (ServedLink link = link();
                NbdClient clone = connect(CLONE)) {
            var _ = link.run(Operation.DESTROY, Map.of("names", List.of(ORIGIN), "wait", true));
            Blocks.requireEqual(clone, CLONE, image.changed());
            narrator.step("destroy", "'" + ORIGIN + "'; every byte of '" + CLONE + "' stays right");
        }
    }

    private void stopAndCheck() {
        try (ServedLink link = link()) {
            Map<String, Object> stopped = link.stop();
            require(Boolean.TRUE.equals(stopped.get("clean")), "the server could not stop cleanly");
        }
        int exitCode = server.awaitExit();
        require(exitCode == 0, "the server ended badly: exit=" + exitCode);
        CheckResult check = stage.access().check(location.directory(), false);
        require(check.isCleanStop(), "the server ended well, but the pool is not marked clean");
        require(check.findings().isEmpty(), "the check found damage: first=" + firstOf(check.findings()));
        narrator.step("stop", "cleanly; pool check finds nothing wrong", "blocks", check.blocks());
    }

    private static String firstOf(List<String> findings) {
        return findings.isEmpty() ? "" : findings.getFirst();
    }

    private ServedLink link() {
        return new PoolDoor(stage.access(), location, words -> {})
                .enterServer()
                .orElseThrow(() -> new CommandFailure(ExitCode.FAILED, "the server is gone, see " + log));
    }

    private NbdClient connect(String volume) {
        return NbdClient.connect(location.nbdSocket(), volume);
    }

    private static long infoOf(ServedLink link, String volume, String fact) {
        return Json.asLong(
                Json.asObject(link.run(Operation.INFO, Map.of("name", volume))).get(fact));
    }

    private synchronized void closeServer() {
        if (server != null) {
            server.close();
        }
    }

    private static void require(boolean isTrue, String otherwise) {
        if (!isTrue) {
            throw new CommandFailure(ExitCode.FAILED, "the demo found a fault: " + otherwise);
        }
    }

    private static long bytes(BitSet blocks) {
        return (long) blocks.cardinality() * Blocks.BYTES;
    }

    private static String blocks(BitSet blocks) {
        return count(blocks.cardinality()) + " blocks";
    }

    private static String count(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    private static String duration(long micros) {
        return micros < 1000 ? micros + " \u00b5s" : String.format(Locale.ROOT, "%.1f ms", micros / 1e3);
    }

    /** Removes a stage and everything on it. */
    public static void strike(Path directory) throws IOException {
        FileTree.remove(directory);
    }
}
