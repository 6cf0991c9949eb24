package io.blkspc.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.blkspc.api.model.ModelPool;
import io.blkspc.nbd.service.NbdLimits;
import io.blkspc.nbd.service.PoolExports;
import io.blkspc.nbd.testing.NbdTestClient;
import io.blkspc.nbd.testing.TestCertificates;
import io.blkspc.nbd.testing.TestServer;
import io.blkspc.nbd.tls.TlsCredentials;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The clients people use. A test whose client is not installed is skipped and names it. */
class RealClientsTest {

    private static final int SIZE = 48 << 20;

    private Path directory;
    private TestServer server;

    @BeforeEach
    void start() throws Exception {
        directory = Files.createTempDirectory("nbd-clients");
        ModelPool pool = ModelPool.create(256L << 20);
        pool.create("vol", SIZE);
        server = TestServer.start(pool, NbdLimits.DEFAULT);
    }

    @AfterEach
    void stop() throws Exception {
        server.close();
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    private static void need(String program) {
        boolean found = Stream.of("/usr/bin/", "/usr/local/bin/", "/bin/", "/usr/sbin/")
                .anyMatch(place -> Files.isExecutable(Path.of(place + program)));
        assumeTrue(found, program + " is not installed");
    }

    private String run(String... command) throws IOException, InterruptedException {
        Path output = directory.resolve("output");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .directory(directory.toFile())
                .start();
        int code = process.waitFor();
        String text = Files.readString(output);
        assertThat(code).as("%s%n%s", List.of(command), text).isZero();
        return text;
    }

    private String uri() {
        return server.unix().uri().export("vol");
    }

    /** Data with holes, as a disk image has. */
    private Path image() throws IOException {
        byte[] bytes = new byte[SIZE];
        Random random = new Random(1);
        byte[] piece = new byte[300_000];
        for (int at = 0; at + piece.length < SIZE; at += 3_000_000) {
            random.nextBytes(piece);
            System.arraycopy(piece, 0, bytes, at, piece.length);
        }
        return Files.write(directory.resolve("image"), bytes);
    }

    @Test
    void nbdinfoReadsWhatTheExportOffers() throws Exception {
        need("nbdinfo");
        assertThat(run("nbdinfo", uri()))
                .contains("export-size: " + SIZE)
                .contains("base:allocation")
                .contains("can_multi_conn: true")
                .contains("can_fast_zero: true")
                .contains("can_df: true")
                .contains("block_size_maximum: 33554432");
        server.pool().snapshot(List.of("vol@s"));
        assertThat(run("nbdinfo", "--list", server.tcp().uri().toString()))
                .contains("export=\"vol\"")
                .contains("export=\"vol@s\"")
                .contains("is_read_only: true");
        run("nbdinfo", "--can", "connect", server.tcp().uri().export("vol@s"));
        try (NbdTestClient client = server.client(false)) {
            client.write(1 << 20, new byte[4096]);
        }
        assertThat(run("nbdinfo", "--map", uri())
                        .lines()
                        .map(line -> line.trim().replaceAll(" +", " ")))
                .containsExactly("0 1048576 3 hole,zero", "1048576 4096 0 data", "1052672 49278976 3 hole,zero");
    }

    @Test
    void nbdcopyCopiesBothWaysOverSeveralConnections() throws Exception {
        need("nbdcopy");
        Path image = image();
        run("nbdcopy", "--connections=4", "--requests=64", "--flush", image.toString(), uri());
        assertThat(server.pool().status().allocatedBytes()).isLessThan(SIZE / 2); // holes stayed holes
        Path back = directory.resolve("back");
        run("nbdcopy", "--connections=4", "--requests=64", uri(), back.toString());
        assertThat(Files.mismatch(image, back)).isEqualTo(-1);
        assertThat(server.pool().status().promisedBytes()).isZero();
        server.pool().assertConsistent();
    }

    @Test
    void qemuImgConvertsAndCompares() throws Exception {
        need("qemu-img");
        Path image = image();
        String uri = server.tcp().uri().export("vol");
        run("qemu-img", "convert", "-n", "-W", "-m", "8", "-f", "raw", "-O", "raw", image.toString(), uri);
        assertThat(run("qemu-img", "compare", "-f", "raw", "-F", "raw", image.toString(), uri))
                .contains("identical");
        Path back = directory.resolve("back.qcow2");
        run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", uri, back.toString());
        run("qemu-img", "compare", "-f", "raw", "-F", "qcow2", image.toString(), back.toString());
    }

    @Test
    void qemuIoWritesAtOddOffsets() throws Exception {
        need("qemu-io");
        List<String> command = new ArrayList<>(List.of("qemu-io", "-f", "raw"));
        for (String step : List.of(
                "write -P 1 1000 70000",
                "write -f -P 2 512 512",
                "write -z 5000 9000",
                "write -z -u 100k 300k",
                "discard 1M 4M",
                "flush",
                "read -P 2 512 512",
                "read -P 1 1024 3976",
                "read -P 0 5000 9000",
                "read -P 1 14000 50000",
                "read -P 0 1M 1M")) {
            command.add("-c");
            command.add(step);
        }
        command.add(uri());
        assertThat(run(command.toArray(String[]::new))).doesNotContain("failed").doesNotContain("error");
        server.pool().assertConsistent();
    }

    @ParameterizedTest
    @ValueSource(strings = {"unix", "tcp"})
    void fioVerifiesItsOwnWrites(String kind) throws Exception {
        need("fio");
        assumeTrue(run("fio", "--enghelp").contains("nbd"), "fio has no nbd engine");
        NbdAddress address = kind.equals("unix") ? server.unix() : server.tcp();
        run(
                "fio",
                "--name=v",
                "--ioengine=nbd",
                "--uri=" + address.uri().export("vol"),
                "--rw=randrw",
                "--rwmixread=30",
                "--bsrange=512-256k",
                "--blockalign=512",
                "--size=" + SIZE,
                "--io_size=64m",
                "--iodepth=16",
                "--verify=crc32c",
                "--verify_backlog=64",
                "--verify_fatal=1",
                "--fsync=200",
                "--randseed=7");
        server.pool().assertConsistent();
    }

    /** A volume with written, shared and preallocated blocks and a hole, 1 MiB each. */
    private void prepare() throws IOException {
        byte[] data = new byte[1 << 20];
        new Random(5).nextBytes(data);
        try (NbdTestClient client = server.client(false)) {
            client.write(0, data);
            server.pool().snapshot(List.of("vol@s"));
            client.write(1 << 20, data);
            client.zero(2 << 20, 1 << 20, NbdTestClient.NO_HOLE);
            client.disconnect();
        }
    }

    private static Stream<String> lines(String text) {
        return text.lines().map(line -> line.trim().replaceAll(" +", " "));
    }

    @Test
    void nbdinfoMapsEveryContext() throws Exception {
        need("nbdinfo");
        prepare();
        int rest = SIZE - (3 << 20);
        assertThat(lines(run("nbdinfo", "--map", uri())))
                .containsExactly("0 2097152 0 data", "2097152 1048576 2 zero", "3145728 " + rest + " 3 hole,zero");
        assertThat(lines(run("nbdinfo", "--map=qemu:allocation-depth", uri())))
                .containsExactly(
                        "0 1048576 2 backing depth 2", "1048576 2097152 1 local", "3145728 " + rest + " 0 absent");
        assertThat(lines(run("nbdinfo", "--map=blkspc:guarantee", uri())))
                .containsExactly("0 1048576 0", "1048576 2097152 1", "3145728 " + rest + " 0");
        assertThat(run("nbdinfo", "--list", server.tcp().uri().toString()))
                .contains("base:allocation")
                .contains("qemu:allocation-depth")
                .contains("blkspc:guarantee");
        assertThat(run("nbdinfo", "--json", uri())).contains("\"can_cache\": true");
        assertThat(run("nbdinfo", "--totals", "--map", uri())).contains("data").contains("hole,zero");
    }

    @Test
    void nbdinfoAndQemuMapWhatChangedSinceASnapshot() throws Exception {
        need("nbdinfo");
        prepare(); // and then a snapshot was made of the first MiB
        assertThat(run("nbdinfo", "--list", server.tcp().uri().toString())).contains("qemu:dirty-bitmap:s");
        assertThat(lines(run("nbdinfo", "--map=qemu:dirty-bitmap:s", uri())))
                .containsExactly(
                        "0 1048576 0 clean", "1048576 1048576 1 dirty", "2097152 " + (SIZE - (2 << 20)) + " 0 clean");
        need("qemu-img");
        String image = "driver=nbd,server.type=unix,server.path=" + ((NbdAddress.Unix) server.unix()).path()
                + ",export=vol,x-dirty-bitmap=qemu:dirty-bitmap:s";
        assertThat(run("qemu-img", "map", "--output=json", "--image-opts", image)
                        .replaceAll("\\s", ""))
                .contains("\"start\":0,\"length\":1048576,\"depth\":0,\"present\":true,\"zero\":false,\"data\":true")
                .contains(
                        "\"start\":1048576,\"length\":1048576,\"depth\":0,\"present\":false,\"zero\":false,\"data\":false");
    }

    @Test
    void libnbdAsksForAllContextsAtOnceAndUsesEveryCommand() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/python3")), "python3 is not installed");
        assumeTrue(hasLibnbdForPython(), "python3-libnbd is not installed");
        prepare();
        String script = """
                import nbd, sys
                h = nbd.NBD()
                h.set_request_block_size(True)
                for name in ("base:allocation", "qemu:allocation-depth", "blkspc:guarantee"):
                    h.add_meta_context(name)
                h.connect_uri(sys.argv[1])
                for name in ("base:allocation", "qemu:allocation-depth", "blkspc:guarantee"):
                    assert h.can_meta_context(name), name
                seen = {}
                def told(context, offset, entries, error):
                    assert offset == 0
                    seen[context] = list(entries)
                m = 1 << 20
                h.block_status(4 * m, 0, told)
                assert seen == {
                    "base:allocation": [2 * m, 0, m, 2, m, 3],
                    "qemu:allocation-depth": [m, 2, 2 * m, 1, m, 0],
                    "blkspc:guarantee": [m, 0, 2 * m, 1, m, 0]}, seen
                h.block_status(4 * m, 0, told, nbd.CMD_FLAG_REQ_ONE)
                assert seen["base:allocation"] == [2 * m, 0], seen
                assert h.can_cache() and h.can_df() and h.can_fast_zero() and h.can_fua() and h.can_multi_conn()
                assert h.get_block_size(nbd.SIZE_MINIMUM) == 1
                assert h.get_block_size(nbd.SIZE_MAXIMUM) == 32 * m
                h.cache(4 * m, 0)
                h.zero(m, 3 * m, nbd.CMD_FLAG_FAST_ZERO | nbd.CMD_FLAG_NO_HOLE | nbd.CMD_FLAG_FUA)
                h.pwrite(b"x" * 1000, 3 * m + 100, nbd.CMD_FLAG_FUA)
                chunks = []
                def chunk(data, offset, status, error):
                    chunks.append((offset, len(data), status))
                h.pread_structured(2 * m, 3 * m, chunk)
                assert sum(c[1] for c in chunks) == 2 * m or nbd.READ_HOLE in [c[2] for c in chunks], chunks
                chunks.clear()
                data = h.pread_structured(m, 3 * m, chunk, nbd.CMD_FLAG_DF)
                assert len(chunks) == 1 and data[100:1100] == b"x" * 1000
                h.trim(m, 3 * m)
                h.flush()
                try:
                    h.pread(m, h.get_size() - 10)
                    raise SystemExit("a read beyond the end")
                except nbd.Error as e:
                    pass
                h.shutdown()
                """;
        for (NbdAddress address : server.server().addresses()) {
            run("/usr/bin/python3", "-c", script, address.uri().export("vol"));
        }
        server.pool().assertConsistent();
    }

    /** The shell itself: option by option, then requests with its own checks off, each refused with its error. */
    @Test
    void nbdshHagglesAndIsRefusedWhatIsWrong() throws Exception {
        need("nbdsh");
        assumeTrue(hasLibnbdForPython(), "python3-libnbd is not installed");
        server.pool().snapshot(List.of("vol@s"));
        String words = """
                import errno
                names = []
                h.opt_list(lambda name, description: names.append(name))
                assert names == ["vol", "vol@s"], names
                contexts = []
                h.set_export_name("vol")
                h.opt_list_meta_context(lambda name: contexts.append(name))
                assert "base:allocation" in contexts and "qemu:dirty-bitmap:s" in contexts, contexts
                h.set_export_name("nobody")
                try:
                    h.opt_go()
                    raise SystemExit("an export that is not there")
                except nbd.Error as e:
                    assert e.errnum == errno.ENOENT, e
                h.set_export_name("vol")
                h.opt_info()
                size = h.get_size()
                h.opt_go()
                assert h.get_size() == size and h.get_structured_replies_negotiated()
                h.set_strict_mode(0)
                def refused(error, request):
                    try:
                        request()
                    except nbd.Error as e:
                        assert e.errnum == error, e
                        return
                    raise SystemExit("not refused")
                refused(errno.ENOSPC, lambda: h.pwrite(b"z" * 512, size - 1))
                refused(errno.EINVAL, lambda: h.pread(512, size))
                refused(errno.EINVAL, lambda: h.trim(512, size))
                refused(errno.ENOSPC, lambda: h.zero(512, size))
                refused(errno.EINVAL, lambda: h.cache(512, size))
                refused(errno.EINVAL, lambda: h.trim(512, 0, nbd.CMD_FLAG_DF))
                h.pwrite(b"ok", size - 2, nbd.CMD_FLAG_FUA)
                assert h.pread(2, size - 2) == b"ok"
                h.shutdown()
                """;
        for (NbdAddress address : server.server().addresses()) {
            String uri = address.uri().toString();
            run("env", "PATH=/usr/bin:/bin", "nbdsh", "--opt-mode", "-u", uri, "-c", words);
        }
    }

    /** Errors are chunks with words where the client agreed to chunks, and it goes on after them. */
    @Test
    void qemuIoTellsThatThePoolIsFull() throws Exception {
        need("qemu-io");
        server.pool().create("big", 1L << 30);
        String uri = server.unix().uri().export("big");
        String[] command = {
            "qemu-io", "-f", "raw", "-c", "write -P 1 0 1M", "-c", "write -z 0 512M", "-c", "read -P 1 900M 1", uri
        };
        Path output = directory.resolve("output");
        new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start()
                .waitFor();
        assertThat(Files.readString(output))
                .contains("No space left on device")
                .contains("Pattern verification failed");
        assertThat(run("qemu-io", "-f", "raw", "-c", "write -P 3 0 1M", "-c", "read -P 3 0 1M", uri))
                .contains("read 1048576/1048576 bytes");
    }

    private static boolean hasLibnbdForPython() throws Exception {
        Process process = new ProcessBuilder("/usr/bin/python3", "-c", "import nbd")
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        return process.waitFor() == 0;
    }

    @Test
    void qemuImgMapsAllocationAndDepth() throws Exception {
        need("qemu-img");
        prepare();
        NbdAddress.Unix unix = (NbdAddress.Unix) server.unix();
        String options = "driver=nbd,server.type=unix,server.path=" + unix.path() + ",export=vol";
        assertThat(run("qemu-img", "map", "--output=json", "--image-opts", options))
                .contains(
                        "\"start\": 0, \"length\": 2097152, \"depth\": 0, \"present\": true, \"zero\": false, \"data\": true")
                .contains("\"start\": 3145728, \"length\": " + (SIZE - (3 << 20)));
        // this option shows any context: what is 0 there is "data" here
        assertThat(run(
                        "qemu-img",
                        "map",
                        "--output=json",
                        "--image-opts",
                        options + ",x-dirty-bitmap=qemu:allocation-depth"))
                .contains("\"start\": 0, \"length\": 1048576")
                .contains("\"start\": 1048576, \"length\": 2097152")
                .contains("\"start\": 3145728");
    }

    @Test
    void nbdkitIsAProxyInFront() throws Exception {
        need("nbdkit");
        need("nbdcopy");
        Path image = image();
        String unix = "socket=" + ((NbdAddress.Unix) server.unix()).path();
        Path back = directory.resolve("back");
        run("nbdcopy", "--flush", image.toString(), uri());
        run("nbdkit", "-U", "-", "nbd", unix, "export=vol", "--run", "nbdcopy \"$uri\" " + back);
        assertThat(Files.mismatch(image, back)).isEqualTo(-1);
        String same = "nbdcopy --flush " + image + " \"$uri\"";
        run("nbdkit", "-U", "-", "--filter=checkwrite", "nbd", unix, "export=vol", "--run", same);
        String wipe = "nbdcopy --allocated --flush " + image + " \"$uri\"";
        run("nbdkit", "-U", "-", "--filter=fua", "nbd", unix, "export=vol", "fuamode=force", "--run", wipe);
        run("nbdcopy", uri(), back.toString());
        assertThat(Files.mismatch(image, back)).isEqualTo(-1);
        server.pool().assertConsistent();
    }

    @Test
    void libnbdAndQemuSpeakTls() throws Exception {
        need("nbdinfo");
        need("nbdcopy");
        need("qemu-img");
        Path image = image();
        Path back = directory.resolve("back");
        Path certificates = TestCertificates.write(directory.resolve("certificates"));
        ModelPool pool = ModelPool.create(256L << 20);
        pool.create("vol", SIZE);
        TlsCredentials tls = TlsCredentials.read(certificates, true);
        try (TestServer secure = TestServer.startWithTls(pool, new PoolExports(pool), NbdLimits.DEFAULT, tls)) {
            NbdAddress.Tcp tcp = (NbdAddress.Tcp) secure.tcp();
            String uri = tcp.uri().export("vol") + "?tls-certificates=" + certificates;
            assertThat(run("nbdinfo", uri)).contains("with TLS").contains("export-size: " + SIZE);
            run("nbdcopy", "--flush", image.toString(), uri);
            run("nbdcopy", uri, back.toString());
            assertThat(Files.mismatch(image, back)).isEqualTo(-1);
            String object = "tls-creds-x509,id=t,endpoint=client,dir=" + certificates;
            String options = "driver=nbd,host=127.0.0.1,port=" + tcp.port() + ",export=vol,tls-creds=t";
            run(
                    "qemu-img",
                    "compare",
                    "--object",
                    object,
                    "--image-opts",
                    "driver=raw,file.filename=" + image,
                    options);
            run("qemu-img", "convert", "--object", object, "--image-opts", options, "-O", "raw", back.toString());
            assertThat(runFailing("nbdinfo", tcp.uri().export("vol"))).contains("TLS"); // no certificate of its own
            assertThat(runFailing("nbdinfo", "nbd://127.0.0.1:" + tcp.port() + "/vol"))
                    .contains("opt_go");
        }
    }

    private String runFailing(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as("%s%n%s", List.of(command), text).isNotZero();
        return text;
    }
}
