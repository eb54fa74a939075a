#include "app/gui/startup_options.h"

#include "views/support/format.h"

#include <QCommandLineParser>

namespace inspector::gui {

namespace {

using views::utf8Of;

struct Options
{
    QCommandLineOption help {{QStringLiteral("h"), QStringLiteral("help")}, QStringLiteral("Show this text.")};
    QCommandLineOption version {{QStringLiteral("v"), QStringLiteral("version")}, QStringLiteral("Show the version.")};
    QCommandLineOption demo {QStringLiteral("demo"), QStringLiteral("Open a copy of the demo catalog.")};
    QCommandLineOption consensus {QStringLiteral("consensus"), QStringLiteral("Consensus URL (CONSENSUS_URL)."),
                                  QStringLiteral("URL")};
    QCommandLineOption blob {QStringLiteral("blob"), QStringLiteral("Blob URL (BLOB_URL)."), QStringLiteral("URL")};
    QCommandLineOption environment {QStringLiteral("environment-id"), QStringLiteral("Which environment's catalog."),
                                    QStringLiteral("ID")};
    QCommandLineOption organization {QStringLiteral("organization-id"), QStringLiteral("Which organization's catalog."),
                                     QStringLiteral("UUID")};
    QCommandLineOption shard {QStringLiteral("shard"),
                              QStringLiteral("Which shard; without any of these three the "
                                             "catalog is found by its content."),
                              QStringLiteral("sUUID")};
    QCommandLineOption asOf {QStringLiteral("as-of"), QStringLiteral("Show this catalog time instead of the latest."),
                             QStringLiteral("N")};
    QCommandLineOption seqno {QStringLiteral("seqno"), QStringLiteral("Show this state instead of the latest."),
                              QStringLiteral("N")};
    QCommandLineOption collection {QStringLiteral("collection"),
                                   QStringLiteral("Choose this collection, such as item."), QStringLiteral("NAME")};
    QCommandLineOption theme {QStringLiteral("theme"), QStringLiteral("Colours: light, dark or system."),
                              QStringLiteral("NAME")};
    QCommandLineOption size {QStringLiteral("size"), QStringLiteral("Size of the window, such as 1440x900."),
                             QStringLiteral("WxH")};
    QCommandLineOption screenshot {QStringLiteral("screenshot"),
                                   QStringLiteral("Draw the window into a PNG file and end. Needs no display with "
                                                  "QT_QPA_PLATFORM=offscreen."),
                                   QStringLiteral("FILE")};
    QCommandLineOption screenshotPanel {
        QStringLiteral("screenshot-panel"),
        QStringLiteral("Bring a panel to the front first: overview, trace, time-travel, "
                       "fence, activity."),
        QStringLiteral("NAME")};
};

void prepare(QCommandLineParser& parser, const Options& options)
{
    parser.setApplicationDescription(
        QStringLiteral("Shows a Materialize environment's durable catalog without writing a byte."));
    parser.addPositionalArgument(QStringLiteral("FILE"), QStringLiteral("A catalog file (.mzcat)."),
                                 QStringLiteral("[FILE]"));
    for (const auto* option :
         {&options.help, &options.version, &options.demo, &options.consensus, &options.blob, &options.environment,
          &options.organization, &options.shard, &options.asOf, &options.seqno, &options.collection, &options.theme,
          &options.size, &options.screenshot, &options.screenshotPanel})
        parser.addOption(*option);
}

Result<std::uint64_t> number(const QString& name, const QString& text)
{
    bool isNumber = false;
    const qulonglong value = text.toULongLong(&isNumber);
    if (!isNumber)
        return fail(ErrorCode::InvalidInput, "--" + utf8Of(name) + " needs a number, not " + utf8Of(text));
    return value;
}

Result<inspect::ShardChoice> shardChoice(const QCommandLineParser& parser, const Options& options)
{
    using By = inspect::ShardChoice::By;
    inspect::ShardChoice choice;
    int given = 0;
    for (const auto& [option, by] :
         {std::pair {&options.environment, By::EnvironmentId}, std::pair {&options.organization, By::OrganizationId},
          std::pair {&options.shard, By::ShardId}}) {
        if (!parser.isSet(*option))
            continue;
        choice = {by, utf8Of(parser.value(*option))};
        ++given;
    }
    if (given > 1)
        return fail(ErrorCode::InvalidInput,
                    "--environment-id, --organization-id and --shard exclude each other: give one");
    return choice;
}

Result<> readLook(const QCommandLineParser& parser, const Options& options, StartupOptions& result)
{
    if (parser.isSet(options.theme)) {
        const QString theme = parser.value(options.theme);
        result.theme = views::themeOf(theme);
        if (views::themeName(*result.theme) != theme)
            return fail(ErrorCode::InvalidInput, "--theme is light, dark or system, not " + utf8Of(theme));
    }
    if (parser.isSet(options.size)) {
        const QStringList parts = parser.value(options.size).split(QLatin1Char('x'));
        result.size = QSize(parts.value(0).toInt(), parts.value(1).toInt());
        constexpr int kLargest = 16'384;
        if (parts.size() != 2 || result.size.isEmpty() || result.size.width() > kLargest
            || result.size.height() > kLargest)
            return fail(ErrorCode::InvalidInput, "--size is a width and a height such as 1440x900");
    }
    result.screenshot = parser.value(options.screenshot);
    result.screenshotPanel = parser.value(options.screenshotPanel);
    result.collection = parser.value(options.collection);
    return {};
}

} // namespace

Result<StartupOptions> parseStartupOptions(const QStringList& arguments, const QString& consensusUrl,
                                           const QString& blobUrl)
{
    const Options options;
    QCommandLineParser parser;
    prepare(parser, options);
    if (!parser.parse(arguments))
        return fail(ErrorCode::InvalidInput, utf8Of(parser.errorText()));
    StartupOptions result;
    if (parser.isSet(options.help) || parser.isSet(options.version)) {
        result.action = parser.isSet(options.help) ? StartupOptions::Action::Help : StartupOptions::Action::Version;
        return result;
    }
    if (parser.positionalArguments().size() > 1)
        return fail(ErrorCode::InvalidInput, "only one catalog can be opened in a window");
    result.file = parser.positionalArguments().value(0);
    result.demo = parser.isSet(options.demo);
    INSPECTOR_TRY(const auto choice, shardChoice(parser, options));
    const bool urlsTyped = parser.isSet(options.consensus) || parser.isSet(options.blob);
    // The environment alone opens nothing: it fills in what is missing beside an option.
    if (urlsTyped || (choice.by != inspect::ShardChoice::By::Content && result.file.isEmpty() && !result.demo)) {
        const QString consensus = parser.isSet(options.consensus) ? parser.value(options.consensus) : consensusUrl;
        const QString blob = parser.isSet(options.blob) ? parser.value(options.blob) : blobUrl;
        if (consensus.isEmpty() || blob.isEmpty())
            return fail(ErrorCode::InvalidInput,
                        consensus.isEmpty() ? "--consensus URL is missing" : "--blob URL is missing");
        result.urls = inspect::OpenOptions {{utf8Of(consensus), utf8Of(blob)}, choice};
    }
    if (int(!result.file.isEmpty()) + int(result.demo) + int(result.urls.has_value()) > 1)
        return fail(ErrorCode::InvalidInput, "a file, --demo and --consensus exclude each other: give one");
    if (parser.isSet(options.asOf) && parser.isSet(options.seqno))
        return fail(ErrorCode::InvalidInput, "--as-of and --seqno exclude each other: give one");
    if (parser.isSet(options.asOf)) {
        INSPECTOR_TRY(const auto time, number(QStringLiteral("as-of"), parser.value(options.asOf)));
        result.moment = inspect::Moment::asOf(Timestamp(time));
    }
    if (parser.isSet(options.seqno)) {
        INSPECTOR_TRY(const auto seqno, number(QStringLiteral("seqno"), parser.value(options.seqno)));
        result.moment = inspect::Moment::atSeqno(SeqNo(seqno));
    }
    INSPECTOR_CHECK(readLook(parser, options, result));
    return result;
}

QString startupHelp()
{
    const Options options;
    QCommandLineParser parser;
    prepare(parser, options);
    return parser.helpText();
}

} // namespace inspector::gui
