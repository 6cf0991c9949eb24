package io.blkspc.bench.peers;

import io.blkspc.bench.bed.Commands;
import io.blkspc.bench.bed.Place;
import io.blkspc.bench.bed.Product;
import io.blkspc.bench.bed.ServerProcess;
import io.blkspc.bench.bed.Volumes;
import io.blkspc.bench.load.Endpoint;
import io.blkspc.bench.load.LoadSpec;
import io.blkspc.bench.load.Order;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** blkspc itself: one server through the page cache, and one around it when that is asked for. */
final class Blkspc implements Peer {

    static final String NAME = "blkspc";

    /** Never cloned, so that it owns all it holds; whatever is cloned shares, and so does its origin. */
    private static final String DISK = "disk";

    private static final String ORIGIN = "origin";
    private static final int DEPTH_OF_DEEP = 1000;
    private static final int BLOCK_BYTES = 4096;
    private static final int BLOCKS_OF_EACH_DEPTH = 16;
    private static final int ROOM = 8; // times the disk: clones, and what waits to be reclaimed

    private final Place place;
    private final Product product;
    private Served cached;
    private Served direct;
    private int fresh;
    private boolean isOriginMade;
    private boolean isDeepMade;

    /** A pool and who serves it. */
    private record Served(ServerProcess server, Volumes volumes, Path socket, Path data) {}

    Blkspc(Place place, Product product) {
        this.place = place;
        this.product = product;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Optional<String> missing() {
        return Optional.empty();
    }

    @Override
    public List<String> versionCommand() {
        return product.words("--version");
    }

    @Override
    public Target open(Kind kind) throws IOException {
        return switch (kind) {
            case WRITTEN -> target(cached(), DISK);
            case DIRECT -> {
                if (direct == null) {
                    direct = serve("blkspc-direct", "direct");
                }
                yield target(direct, DISK);
            }
            case CLONE -> {
                String name = "fresh-" + fresh++;
                String origin = origin();
                cached.volumes.clone(origin, List.of(name));
                yield target(cached, name);
            }
            case THIN -> {
                String name = "fresh-" + fresh++;
                cached().volumes.create(name, place.bytes());
                yield target(cached, name);
            }
            case DEEP -> target(cached(), deep());
        };
    }

    private Served cached() throws IOException {
        if (cached == null) {
            cached = serve("blkspc", "writeback");
        }
        return cached;
    }

    private Served serve(String name, String cacheMode) throws IOException {
        Path home = place.fresh(name);
        Path pool = home.resolve("pool");
        Path socket = home.resolve("s");
        long bytes = Math.max(1L << 30, ROOM * place.bytes());
        Commands.run(product.words("--pool", pool.toString(), "pool", "create", "--size", Long.toString(bytes)));
        ServerProcess server = place.serve(
                product.words("--pool", pool.toString(), "serve", "--unix", socket.toString(), "--cache", cacheMode),
                socket,
                home);
        try {
            Volumes volumes = product.door().enter(pool);
            volumes.create(DISK, place.bytes());
            Path data = pool.resolve("data");
            Served served = new Served(server, volumes, socket, data);
            target(served, DISK).filled(place.bytes()).cachedAnew(place.bytes(), List.of(data));
            return served;
        } catch (IOException e) {
            server.close();
            throw e;
        }
    }

    private String origin() throws IOException {
        if (!isOriginMade) {
            cached().volumes.create(ORIGIN, place.bytes());
            target(cached, ORIGIN).filled(place.bytes()).cachedAnew(place.bytes(), List.of(cached.data));
            isOriginMade = true;
        }
        return ORIGIN;
    }

    /** A clone of a clone of a clone, and each has blocks of its own. */
    private String deep() throws IOException {
        String name = "deep-" + DEPTH_OF_DEEP;
        if (!isDeepMade) {
            LoadSpec touch = LoadSpec.writes(BLOCK_BYTES, 1, (long) BLOCKS_OF_EACH_DEPTH * BLOCK_BYTES, 60_000)
                    .withOrder(Order.EACH_ONCE);
            String source = origin();
            for (int i = 1; i <= DEPTH_OF_DEEP; i++) {
                String clone = "deep-" + i;
                cached.volumes.clone(source, List.of(clone));
                target(cached, clone).run(touch);
                source = clone;
            }
            isDeepMade = true;
        }
        return name;
    }

    private static NbdTarget target(Served served, String volume) {
        boolean isThrownAway = volume.startsWith("fresh-");
        return new NbdTarget(served.server, new Endpoint(served.socket, volume), () -> {
            if (isThrownAway) {
                served.volumes.destroy(List.of(volume));
            }
        });
    }

    @Override
    public void close() throws IOException {
        for (Served served : new Served[] {cached, direct}) {
            if (served != null) {
                served.volumes.close();
                served.server.close();
            }
        }
    }
}
