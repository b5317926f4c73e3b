// SPDX-License-Identifier: Apache-2.0
#include "FacewireLiveLinkSource.h"

#include "FacewireSettings.h"
#include "ILiveLinkClient.h"
#include "Roles/LiveLinkBasicRole.h"
#include "Roles/LiveLinkBasicTypes.h"

#define LOCTEXT_NAMESPACE "Facewire"

FFacewireLiveLinkSource::FFacewireLiveLinkSource(const FString& InServer, FName Subject) : Server(InServer)
{
	Key.SubjectName = Subject;
}

void FFacewireLiveLinkSource::ReceiveClient(ILiveLinkClient* InClient, FGuid InSourceGuid)
{
	Client = InClient;
	Key.Source = InSourceGuid;
	Connection = MakeUnique<FFacewireConnection>(Server, false);
	Connection->OnHello.BindRaw(this, &FFacewireLiveLinkSource::TakeHello);
	Connection->OnFrame.BindRaw(this, &FFacewireLiveLinkSource::TakeFrame);
}

bool FFacewireLiveLinkSource::IsSourceStillValid() const
{
	return Connection.IsValid();
}

bool FFacewireLiveLinkSource::RequestSourceShutdown()
{
	Connection.Reset();
	Client = nullptr;
	return true;
}

FText FFacewireLiveLinkSource::GetSourceType() const
{
	return LOCTEXT("Type", "Facewire");
}

FText FFacewireLiveLinkSource::GetSourceMachineName() const
{
	// Without the token, which only its owner should see.
	FString Place = Server, Query;
	Server.Split(TEXT("?"), &Place, &Query);
	return FText::FromString(Place);
}

FText FFacewireLiveLinkSource::GetSourceStatus() const
{
	if (!Connection.IsValid())
	{
		return LOCTEXT("Closed", "Closed");
	}
	return !Connection->GetProblem().IsEmpty() ? FText::FromString(Connection->GetProblem())
		: Timing.IsValid() ? LOCTEXT("Active", "Receiving")
						   : LOCTEXT("Waiting", "Waiting for facewire live");
}

void FFacewireLiveLinkSource::TakeHello(const facewire::Hello& Hello)
{
	Timing = MakeUnique<facewire::JitterBuffer>(Hello.sampleRate);
	FLiveLinkStaticDataStruct Data(FLiveLinkBaseStaticData::StaticStruct());
	FLiveLinkBaseStaticData* Static = Data.Cast<FLiveLinkBaseStaticData>();
	for (const std::string& Name : Hello.names)
	{
		// Unreal's face curves begin with a capital: JawOpen.
		FString Curve(UTF8_TO_TCHAR(Name.c_str()));
		Static->PropertyNames.Add(FName(*(Curve.Left(1).ToUpper() + Curve.Mid(1))));
	}
	Static->PropertyNames.Append({TEXT("HeadYaw"), TEXT("HeadPitch"), TEXT("HeadRoll")});
	Client->PushSubjectStaticData_AnyThread(Key, ULiveLinkBasicRole::StaticClass(), MoveTemp(Data));
}

void FFacewireLiveLinkSource::TakeFrame(const facewire::Frame& Frame)
{
	Timing->Push(Frame, FPlatformTime::Seconds());
	FLiveLinkFrameDataStruct Data(FLiveLinkBaseFrameData::StaticStruct());
	FLiveLinkBaseFrameData* Values = Data.Cast<FLiveLinkBaseFrameData>();
	// Even times, whatever the network did: Live Link's own buffer draws between them.
	Values->WorldTime = Timing->EvenArrival(Frame);
	for (const float Weight : Frame.weights)
	{
		Values->PropertyValues.Add(Weight);
	}
	// As the Live Link Face app has them: left and right exchanged.
	Values->PropertyValues.Append({-Frame.yaw, Frame.pitch, -Frame.roll});
	Client->PushSubjectFrameData_AnyThread(Key, MoveTemp(Data));
}

FText UFacewireLiveLinkSourceFactory::GetSourceDisplayName() const
{
	return LOCTEXT("Name", "Facewire");
}

FText UFacewireLiveLinkSourceFactory::GetSourceTooltip() const
{
	return LOCTEXT("Tooltip", "The live stream of the server in Project Settings > Plugins > Facewire");
}

TSharedPtr<ILiveLinkSource> UFacewireLiveLinkSourceFactory::CreateSource(const FString& ConnectionString) const
{
	const UFacewireSettings* Settings = GetDefault<UFacewireSettings>();
	const FString& Server = ConnectionString.IsEmpty() ? Settings->Server : ConnectionString;
	return MakeShared<FFacewireLiveLinkSource>(Server, Settings->Subject);
}

#undef LOCTEXT_NAMESPACE
