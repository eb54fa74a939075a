#pragma once

#include <QByteArray>
#include <QMap>
#include <QProcess>
#include <QProcessEnvironment>
#include <QStringList>

namespace inspector::tests {

/// What a run of the command line came to.
struct CliRun
{
    int exitCode = -1;
    QByteArray out;
    QByteArray err;
};

/// Runs the real program. The environment of the test without CONSENSUS_URL and BLOB_URL, plus `variables`.
inline CliRun runCli(const QStringList& words, const QMap<QString, QString>& variables = {})
{
    QProcess process;
    auto environment = QProcessEnvironment::systemEnvironment();
    environment.remove(QStringLiteral("CONSENSUS_URL"));
    environment.remove(QStringLiteral("BLOB_URL"));
    for (auto variable = variables.begin(); variable != variables.end(); ++variable)
        environment.insert(variable.key(), variable.value());
    process.setProcessEnvironment(environment);
    process.start(QStringLiteral(INSPECTOR_CLI), words);
    if (!process.waitForFinished(300'000) || process.exitStatus() != QProcess::NormalExit)
        return {-1, process.readAllStandardOutput(),
                process.readAllStandardError() + "\n(did not end by itself: " + process.errorString().toUtf8() + ")"};
    return {process.exitCode(), process.readAllStandardOutput(), process.readAllStandardError()};
}

} // namespace inspector::tests
