package io.blkspc.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.blkspc.api.model.ModelPool;
import io.blkspc.nbd.service.NbdLimits;
import io.blkspc.nbd.testing.TestServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A libnbd that speaks extended headers (1.18 or later), unpacked with the libraries it needs and not installed: somebody else's
 * reading of that part of the protocol. Without it the test is skipped; {@code blkspc test --release} fetches it.
 */
@Timeout(300)
class NewLibnbdTest {

    private static final long SIZE = 16L << 30;

    private static final String COMMON = """
            import sys
            sys.path.insert(0, sys.argv[2])
            import nbd
            G = 1 << 30
            M = 1 << 20
            h = nbd.NBD()
            for name in ("base:allocation", "qemu:allocation-depth", "blkspc:guarantee"):
                h.add_meta_context(name)
            h.connect_uri(sys.argv[1])
            assert h.get_extended_headers_negotiated()
            assert h.get_protocol() == "newstyle-fixed"
            assert h.get_size() == 16 * G
            seen = {}
            def told(context, offset, entries, error):
                seen.setdefault(context, []).extend(tuple(e) for e in entries)
            def status(*of):
                seen.clear()
                if of and isinstance(of[-1], list):
                    h.block_status_filter(of[0], of[1], of[2], told)
                else:
                    h.block_status_64(of[0], of[1], told)
                return dict(seen)
            def refused(errno, call):
                try:
                    call()
                except nbd.Error as e:
                    assert e.errnum == errno, e
                    return
                raise SystemExit("it was not refused")
            """;

    @TempDir
    private Path scratch;

    private Path tree;
    private TestServer server;

    @BeforeEach
    void start() throws IOException {
        String named = System.getProperty("blkspc.clients");
        tree = named == null ? Path.of(System.getProperty("blkspc.root", ".."), ".blkspc", "clients") : Path.of(named);
        assumeTrue(
                find("usr/lib", "ld-linux") != null && find("usr/bin", "python3.") != null,
                "skipped: missing part libnbd 1.18 or later (unpacked, see blkspc.clients)");
        ModelPool pool = ModelPool.create(256L << 20);
        pool.create("vol", SIZE);
        server = TestServer.start(pool, NbdLimits.DEFAULT);
    }

    @AfterEach
    void stop() throws IOException {
        if (server != null) {
            server.close();
        }
    }

    private Path find(String below, String start) throws IOException {
        Path directory = tree.resolve(below);
        if (!Files.isDirectory(directory)) {
            return null;
        }
        try (Stream<Path> files = Files.walk(directory, 2)) {
            return files.filter(file -> file.getFileName().toString().startsWith(start))
                    .sorted()
                    .findFirst()
                    .orElse(null);
        }
    }

    /** Runs a program of the tree with the libraries of the tree. */
    private String run(String program, String... arguments) throws IOException, InterruptedException {
        Path loader = find("usr/lib", "ld-linux").toAbsolutePath();
        List<String> command = new ArrayList<>(
                List.of(loader.toString(), "--library-path", loader.getParent().toString(), program));
        command.addAll(List.of(arguments));
        Path output = scratch.resolve("output");
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
        builder.environment()
                .put("PYTHONHOME", tree.resolve("usr").toAbsolutePath().toString());
        int exit = builder.start().waitFor();
        String said = Files.readString(output);
        assertThat(exit).as("%s%n%s", command, said).isZero();
        return said;
    }

    private void script(String text) throws IOException, InterruptedException {
        String modules =
                tree.resolve("usr/lib/python3/dist-packages").toAbsolutePath().toString();
        for (NbdAddress address : server.server().addresses()) {
            run(
                    find("usr/bin", "python3.").toString(),
                    "-c",
                    COMMON + text,
                    address.uri().export("vol"),
                    modules);
        }
        server.pool().assertConsistent();
    }

    @Test
    void statusOfMoreThanFourGibibytesIsOneRequestAndOneReply() throws Exception {
        script("""
                h.trim(16 * G, 0)
                h.pwrite(b"x" * M, 5 * G)
                assert status(16 * G, 0) == {
                    "base:allocation": [(5 * G, 3), (M, 0), (11 * G - M, 3)],
                    "qemu:allocation-depth": [(5 * G, 0), (M, 1), (11 * G - M, 0)],
                    "blkspc:guarantee": [(5 * G, 0), (M, 1), (11 * G - M, 0)]}, seen
                assert status(5 * G, 5 * G + M // 2)["base:allocation"][:2] == [(M // 2, 0), (5 * G - M // 2, 3)] or \\
                    status(5 * G, 5 * G + M // 2)["base:allocation"] == [(M // 2, 0), (11 * G - M, 3)], seen
                """);
    }

    @Test
    void aFilterChoosesContextsOfOneRequest() throws Exception {
        script("""
                h.pwrite(b"x" * M, 0)
                one = status(M, 0, ["qemu:allocation-depth"])
                assert list(one) == ["qemu:allocation-depth"] and one["qemu:allocation-depth"][0] == (M, 1), one
                assert sorted(status(M, 0, ["base:allocation", "blkspc:guarantee"])) == ["base:allocation", "blkspc:guarantee"]
                assert len(status(M, 0)) == 3
                """);
    }

    @Test
    void trimAndZeroesAndCacheTakeMoreThanFourGibibytes() throws Exception {
        script("""
                h.pwrite(b"x" * M, G)
                h.pwrite(b"y" * M, 9 * G)
                h.cache(10 * G, 0)
                h.trim(6 * G, 0)
                assert h.pread(M, G) == bytes(M) and h.pread(M, 9 * G) == b"y" * M
                h.zero(7 * G, 8 * G, nbd.CMD_FLAG_FAST_ZERO | nbd.CMD_FLAG_FUA)
                assert h.pread(M, 9 * G) == bytes(M)
                assert status(16 * G, 0)["base:allocation"] == [(16 * G, 3)], seen
                """);
    }

    @Test
    void readsComeInPiecesWithTheirOffsetsAndHoles() throws Exception {
        script("""
                h.trim(16 * G, 0)
                h.pwrite(b"x" * 4096, 6 * G + M)
                pieces = []
                def piece(data, offset, kind, error):
                    pieces.append((offset, len(data), kind))
                data = h.pread_structured(4 * M, 6 * G, piece)
                assert data == bytes(M) + b"x" * 4096 + bytes(3 * M - 4096)
                pieces.sort()
                assert (6 * G + M, 4096, nbd.READ_DATA) in pieces, pieces
                assert sum(length for _, length, _ in pieces) == 4 * M, pieces
                assert nbd.READ_HOLE in [kind for _, _, kind in pieces], pieces
                """);
    }

    /** With the client's own checks off; the connection goes on after each. */
    @Test
    void whatIsWrongIsRefusedWithItsError() throws Exception {
        script("""
                import errno
                h.set_strict_mode(nbd.STRICT_AUTO_FLAG)
                refused(errno.EINVAL, lambda: h.pread(4096, 16 * G))
                refused(errno.ENOSPC, lambda: h.pwrite(b"z" * 4096, 16 * G - 1))
                refused(errno.EINVAL, lambda: h.trim(16 * G, 1))
                refused(errno.ENOSPC, lambda: h.zero(1 << 62, 0))
                refused(errno.EINVAL, lambda: h.block_status_filter(M, 0, ["base:allocation", "base:allocation"], told))
                h.pwrite(b"ok", 16 * G - 2, nbd.CMD_FLAG_FUA)
                assert h.pread(2, 16 * G - 2) == b"ok"
                h.flush()
                h.shutdown()
                """);
    }

    @Test
    void nbdinfoAndNbdcopyUseThem() throws Exception {
        String uri = server.unix().uri().export("vol");
        assertThat(run(find("usr/bin", "nbdinfo").toString(), uri)).contains("using extended packets");
        assertThat(run(find("usr/bin", "nbdinfo").toString(), "--map", uri)
                        .strip()
                        .replaceAll(" +", " "))
                .isEqualTo("0 " + SIZE + " 3 hole,zero");
        Path copy = scratch.resolve("copy");
        run(find("usr/bin", "nbdcopy").toString(), uri, copy.toString());
        assertThat(Files.size(copy)).isEqualTo(SIZE);
    }
}
