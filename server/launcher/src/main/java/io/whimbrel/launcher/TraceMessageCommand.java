package io.whimbrel.launcher;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(name = "message", description = "Prints the way of one message that was traced.", sortOptions = false)
final class TraceMessageCommand implements Callable<Integer> {
    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this.")
    boolean help;

    @Parameters(paramLabel = "ID", description = "The id that the answer of POST /publish had.")
    String id = "";

    @Mixin
    BackendCalls calls = new BackendCalls();

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before anything else happens
    CommandSpec spec;

    @Override
    public Integer call() {
        TracedMessage message = TracedMessage.read(calls, id);
        var out = spec.commandLine().getOut();
        out.print(message.heading());
        out.print(message.table(message.hops()));
        out.flush();
        return 0;
    }
}
