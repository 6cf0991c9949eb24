package io.blkspc.cli.command;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Versions as a tree: a snapshot under its volume, a clone under what it was cloned from. Chains of clones may be of any length: no
 * call goes deeper for a deeper one, and from some depth on a line tells its depth instead of drawing it.
 */
final class Tree {

    /** Levels that are drawn; the text would grow with the square of the depth otherwise. */
    static final int MOST_DRAWN = 40;

    private static final String BRANCH = "\u251c\u2500 ";
    private static final String LAST = "\u2514\u2500 ";

    private final Map<String, String> parents = new HashMap<>();
    private final Map<String, List<String>> children = new HashMap<>();
    private final Set<String> drawn = new HashSet<>();
    private final StringBuilder text = new StringBuilder();

    private record Line(String name, int depth, boolean isLast, String indent) {}

    private Tree() {}

    static String of(List<Map<String, Object>> versions) {
        Tree tree = new Tree();
        Set<Object> names = new HashSet<>();
        versions.forEach(version -> names.add(version.get("name")));
        List<String> roots = new ArrayList<>();
        for (Map<String, Object> version : versions) {
            String name = (String) version.get("name");
            int at = name.indexOf('@');
            String parent = at >= 0 ? name.substring(0, at) : (String) version.get("origin");
            if (parent != null && names.contains(parent)) {
                tree.parents.put(name, parent);
                tree.children.computeIfAbsent(parent, any -> new ArrayList<>()).add(name);
            } else {
                roots.add(name);
            }
        }
        roots.forEach(tree::add);
        for (Map<String, Object> version : versions) {
            String name = (String) version.get("name");
            if (!tree.drawn.contains(name)) {
                tree.add(tree.rootOfCycle(name));
            }
        }
        return tree.text.toString();
    }

    /**
     * A volume above a version that is below no root: snapshots outlive their volume and belong to the next one of its name, which
     * may have been cloned from one of them.
     */
    private String rootOfCycle(String version) {
        Set<String> above = new HashSet<>();
        String at = version;
        while (above.add(at)) {
            at = parents.get(at);
        }
        return at.indexOf('@') < 0 ? at : parents.get(at);
    }

    private void add(String root) {
        ArrayDeque<Line> left = new ArrayDeque<>();
        left.push(new Line(root, 0, true, ""));
        while (!left.isEmpty()) {
            Line line = left.pop();
            draw(line);
            String indent = line.indent;
            if (line.depth > 0 && line.depth < MOST_DRAWN) {
                indent += line.isLast ? "   " : "\u2502  ";
            }
            List<String> below = new ArrayList<>(children.getOrDefault(line.name, List.of()));
            below.remove(root); // of a cycle
            for (int i = below.size() - 1; i >= 0; i--) {
                left.push(new Line(below.get(i), line.depth + 1, i == below.size() - 1, indent));
            }
        }
    }

    private void draw(Line line) {
        drawn.add(line.name);
        text.append(line.indent);
        if (line.depth > 0) {
            text.append(line.isLast ? LAST : BRANCH);
        }
        if (line.depth > MOST_DRAWN) {
            text.append('(').append(line.depth).append(") ");
        }
        text.append(line.name).append('\n');
    }
}
