package io.blkspc.cli.command;

import io.blkspc.cli.attach.Backend;
import io.blkspc.cli.attach.NbdDevice;
import io.blkspc.cli.attach.StockClient;
import io.blkspc.cli.attach.StockDevice;
import io.blkspc.cli.attach.StockDevices;
import io.blkspc.cli.outcome.ExitCode;
import io.blkspc.cli.text.Json;
import io.blkspc.cli.text.Table;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;

/** {@code attached}. */
@Command(
        name = "attached",
        description =
                "List the devices that attach made, of every pool, and those that nbd-client made. KEPT: a process stays "
                        + "with the device, so that it lives through the end of its server. What an nbd-client that "
                        + "was started by hand and has left attached is not known.")
final class AttachedCommand extends Task {

    @Override
    public Integer call() throws Exception {
        List<Map<String, Object>> all = new ArrayList<>();
        for (NbdDevice device : NbdDevice.ours()) {
            Backend backend = device.backend();
            if (backend != null) {
                all.add(facts(device, backend.name(), backend.pool(), "attach"));
            }
        }
        for (StockDevice stock : new StockDevices().all()) {
            all.add(facts(stock.device(), stock.name(), stock.pool(), StockClient.PROGRAM));
        }
        show(all, () -> table(all));
        return ExitCode.DONE;
    }

    private static Map<String, Object> facts(NbdDevice device, String name, Path pool, String by) throws IOException {
        return Json.of(
                "device", device.path(),
                "name", name,
                "pool", pool == null ? null : pool.toString(),
                "size", device.sizeBytes(),
                "kept", device.isKept(),
                "by", by,
                "used", device.user());
    }

    private String table(List<Map<String, Object>> all) {
        if (all.isEmpty()) {
            return "";
        }
        Table table = Table.of("DEVICE", "NAME", ">SIZE", "KEPT", "BY", "USED", "POOL");
        for (Map<String, Object> one : all) {
            table.row(
                    (String) one.get("device"),
                    (String) one.get("name"),
                    size(one.get("size")),
                    Boolean.TRUE.equals(one.get("kept")) ? "yes" : "no",
                    (String) one.get("by"),
                    (String) one.get("used"),
                    (String) one.get("pool"));
        }
        return table.toString();
    }
}
